defmodule Relay.Socket do
  @moduledoc "One WebSocket. Anybody may connect."
  use Phoenix.Socket

  channel "session:*", Relay.SessionChannel

  @impl true
  def connect(_params, socket, _connect_info), do: {:ok, socket}

  @impl true
  def id(_socket), do: nil
end
