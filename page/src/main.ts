/** Decides what an address shows: the start, a link's invitation, or the session that this device is in. */
import "./style/index.css";
import { parseFragment } from "./link";
import { type Ending, LiveSession } from "./live_session";
import { forgetExpired, type Membership, recallMembership } from "./memory";
import { endingPage } from "./pages/ending_page";
import { joinPage } from "./pages/join_page";
import { SessionPage } from "./pages/session_page";
import { startPage } from "./pages/start_page";
import { loadLanguage, say } from "./strings";
import { applyTheme } from "./theme";

const KEEPING_FROM_MS = 6_000;

const root = document.getElementById("app");
if (!root) throw new Error("index.html has no #app");
const app: HTMLElement = root;

/** Every page starts on an empty element: what the one before drew, and the map in it, is gone. */
function clear(): HTMLElement {
  const page = document.createElement("div");
  page.className = "page";
  app.replaceChildren(page);
  return page;
}

function open(): void {
  if (location.pathname !== "/j") {
    showStart(location.pathname === "/" ? "" : say("problem.notFound"));
    return;
  }
  const link = parseFragment(location.hash);
  if (!link) {
    showEnding("gone");
  } else if (recallMembership(link.sessionId)) {
    showSession(link.sessionId, { isNew: false, startSharing: true });
  } else {
    joinPage(clear(), link, {
      onJoined: (startSharing) => showSession(link.sessionId, { isNew: false, startSharing }),
      onEnding: showEnding,
    });
  }
}

function showStart(notice = ""): void {
  document.title = say("product");
  const enter = ({ path, sessionId }: Membership, isNew: boolean) => {
    history.pushState(null, "", path);
    showSession(sessionId, { isNew, startSharing: true });
  };
  startPage(clear(), enter, notice);
}

function showSession(sessionId: string, options: { isNew: boolean; startSharing: boolean }): void {
  const membership = recallMembership(sessionId);
  if (!membership) {
    open();
    return;
  }
  const live = new LiveSession(membership, options.startSharing);
  live.subscribe(() => {
    if (live.state && !live.ending) document.title = `${live.state.session.name} · ${say("product")}`;
  });
  new SessionPage(clear(), live, options.isNew, () => showEnding(live.ending ?? "gone"));
  live.open();
}

function showEnding(ending: Ending): void {
  document.title = say("product");
  const mayJoinAgain = ending === "left" || ending === "unauthorized" || ending === "full";
  endingPage(clear(), ending, {
    startNew: () => {
      history.pushState(null, "", "/");
      open();
    },
    ...(mayJoinAgain && parseFragment(location.hash) && { joinAgain: open }),
  });
}

applyTheme();
forgetExpired(Date.now());
addEventListener("popstate", () => location.reload());
addEventListener("hashchange", () => location.reload());
void loadLanguage().then(open);

if (import.meta.env.PROD) {
  // What it keeps is in the browser's cache by then, so that it takes nothing from the first look.
  setTimeout(
    () => void navigator.serviceWorker?.register("/service_worker.js").catch(() => undefined),
    KEEPING_FROM_MS,
  );
}
