// Around the app in a browser, where a server draws: says that the picture is old, and brings it back.
{
  const words = "WORDS";
  const LOOKS_MS = 1_000, QUIET_MS = 3_000, ANSWER_MS = 3_000, RESUMES_MS = 3_000;
  let socket = null, heardAt = Date.now(), isLost = false, isAsking = false, backAt = 0, notice = null;

  window.WebSocket = class extends window.WebSocket {
    constructor(...given) {
      super(...given);
      socket = this;
      this.addEventListener("message", () => {
        heardAt = Date.now();
        show(false);
      });
    }
  };

  const show = (lost) => {
    if (lost === isLost) return;
    isLost = lost;
    backAt = 0;
    if (notice === null) {
      notice = document.createElement("div");
      notice.id = "connection-lost";
      notice.role = "alert";
      notice.style.cssText = "position:fixed;inset:0 0 auto 0;z-index:99999;padding:max(12px,env(safe-area-inset-top)) 16px 12px;" +
        "background:#14181a;color:#fff;font:600 17px/1.35 system-ui,sans-serif;text-align:center";
      document.body.append(notice);
    }
    notice.replaceChildren(...(lost ? [words.title, document.createElement("br"), words.hint] : []));
    notice.hidden = !lost;
  };

  const look = async () => {
    // A page that has not drawn yet says so itself; one that nobody sees has no picture.
    if (socket === null || document.hidden || isAsking || (!isLost && Date.now() - heardAt < QUIET_MS)) return;
    isAsking = true;
    try {
      const answer = await fetch("version.json", { cache: "no-store", signal: AbortSignal.timeout(ANSWER_MS) });
      if (!answer.ok) throw new Error("the app does not answer");
      backAt ||= Date.now();
      const isClosed = socket.readyState > WebSocket.OPEN;
      // An open socket may be one that the network has forgotten. Begun again, the app goes on where it was.
      if ((isLost || isClosed) && Date.now() - Math.max(backAt, heardAt) > RESUMES_MS) location.reload();
      if (!isLost && !isClosed) backAt = 0;
    } catch {
      backAt = 0;
      show(true);
    } finally {
      isAsking = false;
    }
  };

  window.addEventListener("offline", () => show(true));
  setInterval(look, LOOKS_MS);
}
