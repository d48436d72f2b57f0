"""Whole installations of Cavalcade, what their processes take, and proxies on the way to their parts."""
