defmodule Relay.MixProject do
  use Mix.Project

  def project do
    [app: :relay, version: "0.1.0", elixir: "~> 1.15", start_permanent: Mix.env() == :prod, deps: deps()]
  end

  def application do
    [extra_applications: [:logger], mod: {Relay.Application, []}]
  end

  defp deps do
    [{:phoenix, "~> 1.7"}, {:bandit, "~> 1.5"}, {:jason, "~> 1.4"}]
  end
end
