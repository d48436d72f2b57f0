defmodule Relay.Endpoint do
  @moduledoc "Takes WebSockets at /socket/websocket, and nothing else."
  use Phoenix.Endpoint, otp_app: :relay

  socket "/socket", Relay.Socket, websocket: [check_origin: false], longpoll: false
end
