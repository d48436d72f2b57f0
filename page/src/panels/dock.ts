/** The bar under the thumb: sharing on or off, who is here, and talking to them. */
import { html, nothing, type TemplateResult } from "lit-html";
import { isStale } from "../session/staleness";
import { say } from "../words/strings";
import { icons } from "./icons";
import { parts } from "./parts";
import type { PanelName, SessionView } from "./ui";

export function dock(view: SessionView): TemplateResult {
  const count = view.live.state?.participants.size ?? 0;
  return html`<nav class="dock" aria-label=${say("menu.title")}>
    ${sharingButton(view)}
    ${opener(view, "people", html`${icons.people}${count ? html`<span class="count">${count}</span>` : nothing}`, say("people.open"))}
    ${parts.talk ? opener(view, "talk", html`${icons.talk}${unreadCount(parts.talk.unread(view))}`, say("talk.title")) : nothing}
  </nav>`;
}

function unreadCount(unread: number): TemplateResult | typeof nothing {
  if (unread === 0) return nothing;
  const said = say("talk.unread", { count: unread });
  return html`<span class="count is-unread" aria-hidden="true">${unread > 99 ? "99+" : unread}</span
    ><span class="visually-hidden">${said}</span>`;
}

function opener(view: SessionView, panel: PanelName, picture: TemplateResult, label: string): TemplateResult {
  const isOpen = view.panel === panel;
  return html`<button
    class="dock-button ${isOpen ? "is-open" : ""}"
    data-opens=${panel}
    aria-expanded=${isOpen}
    @click=${() => view.openPanel(isOpen ? null : panel)}
  >
    <span class="dock-icon">${picture}</span><span class="dock-label">${label}</span>
  </button>`;
}

function sharingButton(view: SessionView): TemplateResult {
  const { live } = view;
  if (live.me?.role === "viewer") {
    return html`<div class="sharing is-off">
      ${icons.eye}
      <span><b>${say("sharing.viewer")}</b><small>${say("sharing.viewerHint")}</small></span>
    </div>`;
  }
  const { look, title, hint } = sharingWords(view);
  const isBlocked = live.isSharing && look === "is-off";
  const press = () => {
    if (isBlocked) view.explainLocation();
    else if (live.isSharing) pause(view);
    else view.attempt(() => live.setSharing(true));
  };
  return html`<button
    class="sharing ${look}"
    aria-pressed=${live.isSharing && !isBlocked}
    ?disabled=${!live.state || !live.isSharingKnown}
    @click=${press}
  >
    <span class="sharing-icon">${look === "is-off" ? icons.off : icons.broadcast}</span>
    <span><b>${title}</b><small>${hint}</small></span>
  </button>`;
}

/** At once, since it may matter; a slip of the thumb is taken back as fast. */
function pause(view: SessionView): void {
  view.attempt(() => view.live.setSharing(false));
  view.undoable(say("sharing.off"), () => view.attempt(() => view.live.setSharing(true)));
}

/** The app on the phone sends the position; what is said of it is what has come of that. */
function appWords({ live }: SessionView): { look: string; title: string; hint: string } {
  if (live.lostSince !== null) return { look: "is-waiting", title: say("sharing.lost"), hint: say("sharing.lostHint") };
  const position = live.state?.positions.get(live.state.me);
  return position && !isStale(position, live.now())
    ? { look: "is-on", title: say("sharing.on"), hint: say("sharing.byApp") }
    : { look: "is-waiting", title: say("sharing.noFix"), hint: say("sharing.byApp") };
}

function sharingWords(view: SessionView): { look: string; title: string; hint: string } {
  if (!view.live.isSharing && view.live.state && view.live.isSharingKnown)
    return { look: "is-off", title: say("sharing.off"), hint: say("sharing.offHint") };
  const { locationState, lostSince, wasLocated } = view.live;
  if (view.live.isLocatedByApp) return appWords(view);
  const isFinding = wasLocated && (locationState === "asking" || locationState === "off");
  if (lostSince !== null && (locationState === "on" || isFinding)) {
    return { look: "is-waiting", title: say("sharing.lost"), hint: say("sharing.lostHint") };
  }
  switch (locationState) {
    case "on":
      return { look: "is-on", title: say("sharing.on"), hint: say("sharing.onHint") };
    case "refused":
    case "insecure":
    case "unsupported":
      return { look: "is-off", title: say("sharing.cannot"), hint: say("sharing.cannotHint") };
    case "unavailable":
      return { look: "is-waiting", title: say("sharing.noFix"), hint: say("sharing.noFixHint") };
    default:
      return {
        look: "is-waiting",
        title: say("sharing.asking"),
        hint: say(isFinding ? "sharing.findingHint" : "sharing.askingHint"),
      };
  }
}
