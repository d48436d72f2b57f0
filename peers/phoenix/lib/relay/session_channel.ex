defmodule Relay.SessionChannel do
  @moduledoc "One member of a session: passes each of its positions on to the others, as it is and at once."
  use Phoenix.Channel

  @impl true
  def join("session:" <> _id, _params, socket), do: {:ok, socket}

  @impl true
  def handle_in("position", payload, socket) do
    broadcast_from!(socket, "position", payload)
    {:noreply, socket}
  end
end
