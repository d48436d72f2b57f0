// A member of a session on the official Phoenix client. Commands come as JSON lines, what happens goes out as JSON lines.
const readline = require("node:readline");
const [phoenixPath, address, sessionId, token, mode] = process.argv.slice(2);
const { Socket, Presence } = require(phoenixPath);

const say = (what, data = {}) => console.log(JSON.stringify({ what, ...data }));
const shown = (payload) =>
  payload instanceof ArrayBuffer ? { packed: Buffer.from(payload).toString("hex") } : { json: payload };

// The WebSocket of Node 20 reports a refused connection as an error and then, against the standard, never as closed, so
// that the client would wait for good. Browsers and later versions of Node close.
class ClosingWebSocket extends WebSocket {
  constructor(...args) {
    super(...args);
    let closed = false;
    this.addEventListener("close", () => (closed = true));
    this.addEventListener("error", () => {
      setTimeout(() => closed || this.dispatchEvent(new Event("close")), 20);
    });
  }
}

let offset;
const options = { params: { session: sessionId }, authToken: token, transport: ClosingWebSocket };
const socket = new Socket(address, options);
socket.onOpen(() => say("open"));
socket.onClose((event) => say("close", { code: event.code }));

const channel = socket.channel(`session:${sessionId}`, () => (offset === undefined ? { mode } : { mode, offset }));
channel.on("event", (event) => {
  offset = event.offset;
  say("event", { event });
});
channel.on("positions", (payload) => say("positions", shown(payload)));
channel.onClose(() => say("channel_closed"));
const presence = new Presence(channel);
presence.onSync(() => say("present", { who: presence.list((key) => Number(key)).sort() }));

channel
  .join()
  .receive("ok", (reply) => {
    offset = reply.offset;
    say("joined", { reply });
  })
  .receive("error", (reply) => {
    say("refused", { reply });
    if (!reply.retry) {
      channel.leave();
      socket.disconnect(() => say("gone"));
    }
  });
socket.connect();

readline.createInterface({ input: process.stdin }).on("line", (line) => {
  const { event, payload, packed } = JSON.parse(line);
  const content = packed === undefined ? payload : new Uint8Array(Buffer.from(packed, "hex")).buffer;
  const push = channel.push(event, content);
  if (event !== "position") {
    push.receive("ok", (reply) => say("ok", { event, reply })).receive("error", (reply) => say("error", { event, reply }));
  }
}).on("close", () => process.exit(0));
