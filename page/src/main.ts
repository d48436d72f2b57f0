/** Decides what an address shows: the start, a link's invitation, or the session that this device is in. */
import "./style/index.css";
import { applyTheme, theme } from "./device/theme";
import { mapConfiguration } from "./map/ground/map_configuration";
import { loadStreetParts } from "./map/ground/map_library";
import { findStreets } from "./map/ground/streets";
import { forgetExpired } from "./memory/forgetting";
import { type Membership, recallMembership } from "./memory/membership";
import { liftToken, takeToken } from "./net/handed_token";
import { type Link, openedLink, pathOf } from "./net/link";
import { type DeadEnd, endingPage } from "./pages/ending_page";
import { joinPage } from "./pages/join_page";
import { SessionPage } from "./pages/session_page";
import { startPage } from "./pages/start_page";
import { LiveSession } from "./session/live_session";
import { loadLanguage, say } from "./words/strings";

const KEEPING_FROM_MS = 6_000;
const LIBRARY_WAITS_MS = 2_000;
const START_PATH = /^\/+(index\.html)?$/;
const LINK_PATH = /^\/+j([^a-z0-9_-]|$)/i;
const LOOKS_LIKE_A_CODE = /^#[a-z0-9]{10}(?:\.|$)/;

const root = document.getElementById("app");
if (!root) throw new Error("index.html has no #app");
const app: HTMLElement = root;
/** Resolves once there are words in the reader's language. */
const worded = loadLanguage();

/** Every page starts on an empty element: what the one before drew, and the map in it, is gone. */
function clear(): HTMLElement {
  const page = document.createElement("div");
  page.className = "page";
  app.replaceChildren(page);
  return page;
}

async function open(): Promise<void> {
  liftToken();
  const token = takeToken();
  const link = openedLink();
  // However it came, from now on it is as it was sent: what stands in the path would be sent to the server.
  if (link) history.replaceState(history.state, "", pathOf(link));
  if (link && recallMembership(link.sessionId)) {
    await showSession(link.sessionId, { isNew: false, startSharing: true });
    return;
  }
  await worded;
  if (!link) {
    showWithoutLink();
  } else if (token) {
    const { handoverPage } = await import("./pages/handover_page");
    handoverPage(clear(), link, token, {
      onTaken: () => showSession(link.sessionId, { isNew: false, startSharing: true }),
      onSomebodyElse: () => showInvitation(link),
    });
  } else {
    showInvitation(link);
  }
}

function showInvitation(link: Link): void {
  joinPage(clear(), link, {
    onJoined: (startSharing) => showSession(link.sessionId, { isNew: false, startSharing }),
    onEnding: showEnding,
  });
}

/** An address that holds no code: the start's, that of a link which was cut short, or one that leads nowhere. */
function showWithoutLink(): void {
  const { pathname, hash } = location;
  if (LINK_PATH.test(pathname) || LOOKS_LIKE_A_CODE.test(hash)) showEnding("incomplete");
  else if (START_PATH.test(pathname)) showStart();
  else showEnding("notFound");
}

function showStart(): void {
  document.title = say("product");
  const enter = ({ path, sessionId }: Membership, isNew: boolean) => {
    history.pushState(history.state, "", path);
    return showSession(sessionId, { isNew, startSharing: true });
  };
  startPage(clear(), enter);
}

async function showSession(sessionId: string, options: { isNew: boolean; startSharing: boolean }): Promise<void> {
  const membership = recallMembership(sessionId);
  if (!membership) {
    await open();
    return;
  }
  const live = new LiveSession(membership, options.startSharing);
  // Asked for before the words are there and the page is drawn: on a slow network each question is a moment lost.
  live.open();
  const streets = findStreets(mapConfiguration(), theme(), new AbortController().signal);
  // Who is where comes first on a slow network: what draws streets fills the line for seconds.
  const turn = Promise.race([live.opened, new Promise((resolve) => setTimeout(resolve, LIBRARY_WAITS_MS))]);
  const parts = turn.then(() => loadStreetParts(mapConfiguration()));
  for (const part of [streets, parts]) part.catch(() => undefined); // the code that draws them is told as well
  await worded;
  // A slow phone draws the page for a while: what can be asked for by now is on its way meanwhile.
  await new Promise((resolve) => setTimeout(resolve));
  if (live.ending) {
    showEnding(live.ending);
    return;
  }
  live.subscribe(() => {
    if (live.state && !live.ending) document.title = `${live.state.session.name} · ${say("product")}`;
  });
  new SessionPage(clear(), live, streets, parts, options.isNew, () => showEnding(live.ending ?? "gone"));
}

function showEnding(ending: DeadEnd): void {
  document.title = say("product");
  const mayJoinAgain = ["left", "unauthorized", "full", "replaced"].includes(ending);
  endingPage(clear(), ending, {
    startNew: () => {
      history.pushState(history.state, "", "/");
      void open();
    },
    ...(mayJoinAgain && openedLink() && { joinAgain: () => void open() }),
  });
}

/** Has the page kept for when there is no network; where site data is blocked, even asking may throw. */
async function keepPage(): Promise<void> {
  try {
    await navigator.serviceWorker?.register("/service_worker.js");
  } catch {
    // Then it takes a network to open.
  }
}

applyTheme();
forgetExpired(Date.now());
addEventListener("popstate", () => location.reload());
addEventListener("hashchange", () => location.reload());
void open();

if (import.meta.env.PROD) {
  // What it keeps is in the browser's cache by then, so that it takes nothing from the first look.
  setTimeout(() => void keepPage(), KEEPING_FROM_MS);
}
