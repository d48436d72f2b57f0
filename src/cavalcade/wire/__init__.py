"""The wire: Phoenix Channels V2 frames, the payloads in them and the secrets in links, sans-I/O and in pure Python."""
