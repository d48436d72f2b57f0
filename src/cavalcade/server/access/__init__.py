"""Who may come in, and how often: tokens, origins, addresses and quotas."""
