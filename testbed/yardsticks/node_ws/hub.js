// A hub on Node's ws, as one writes it first. `PORT=... node hub.js 0` relays each fix to all members of its
// session at once; `node hub.js 500` gathers what changed and sends one frame to each member every 500 ms.
"use strict";

const { WebSocketServer } = require("ws");

const HEADER = 8; // u64 server_time
const POSITION = 23; // u16 participant, u32 age in ms, 17 bytes as they came in the fix
const FIX = 25; // u64 fix_time, 17 bytes

const [port, windowMs] = [process.env.PORT, process.argv[2]].map(Number);
const sessions = new Map();

function frame(changed) {
  const now = Date.now();
  const packed = Buffer.allocUnsafe(HEADER + POSITION * changed.size);
  packed.writeBigUInt64BE(BigInt(now), 0);
  let at = HEADER;
  for (const [participant, fix] of changed) {
    packed.writeUInt16BE(participant, at);
    packed.writeUInt32BE(Math.max(0, now - Number(fix.readBigUInt64BE(0))), at + 2);
    fix.copy(packed, at + 6, 8);
    at += POSITION;
  }
  return packed;
}

function broadcast(session, changed) {
  const packed = frame(changed);
  for (const member of session.members) member.send(packed);
}

const server = new WebSocketServer({ host: "127.0.0.1", port, perMessageDeflate: false });

server.on("connection", (socket, request) => {
  const [, name, participant] = request.url.split("/");
  let session = sessions.get(name);
  if (!session) {
    session = { members: new Set(), changed: new Map() };
    sessions.set(name, session);
  }
  session.members.add(socket);
  socket.on("close", () => session.members.delete(socket));
  socket.on("message", (fix) => {
    if (fix.length !== FIX) return;
    if (windowMs === 0) broadcast(session, new Map([[Number(participant), fix]]));
    else session.changed.set(Number(participant), fix);
  });
});

if (windowMs > 0) {
  setInterval(() => {
    for (const session of sessions.values()) {
      if (session.changed.size === 0) continue;
      broadcast(session, session.changed);
      session.changed.clear();
    }
  }, windowMs);
}

server.on("listening", () => console.log("ready"));
