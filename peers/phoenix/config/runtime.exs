import Config

config :relay, Relay.Endpoint,
  adapter: Bandit.PhoenixAdapter,
  http: [ip: {127, 0, 0, 1}, port: String.to_integer(System.get_env("PORT", "4000"))],
  pubsub_server: Relay.PubSub,
  secret_key_base: String.duplicate("not a secret, since nothing is signed here. ", 2),
  server: true
