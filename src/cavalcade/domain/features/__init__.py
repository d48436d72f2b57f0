"""The features of a session, one module each; `domain.session` registers them."""
