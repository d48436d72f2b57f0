"""`cavalcade inspect`: looks into processes that run, over their internal listeners."""
