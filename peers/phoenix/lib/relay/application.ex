defmodule Relay.Application do
  @moduledoc "The process tree: what carries broadcasts, and what takes connections."
  use Application

  @impl true
  def start(_type, _args) do
    children = [{Phoenix.PubSub, name: Relay.PubSub}, Relay.Endpoint]
    Supervisor.start_link(children, strategy: :one_for_one, name: Relay.Supervisor)
  end
end
