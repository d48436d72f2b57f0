/** What must be said plainly over the map: a lost connection, a location that cannot be had, little time left. */
import { html, nothing, type TemplateResult } from "lit-html";
import { duration } from "../format";
import { icons } from "../icons";
import { say } from "../strings";
import type { SessionView } from "../ui";

const SOON_MS = 30 * 60_000;
/** Shorter interruptions are mended before anyone could read about them. */
const WORTH_SAYING_MS = 1_200;

export function notices(
  view: SessionView,
  isLocationNoticeShut: boolean,
  shutLocationNotice: () => void,
): TemplateResult {
  return html`<div class="notices" role="status">
    ${connectionNotice(view)} ${view.live.wantsSharing && !isLocationNoticeShut ? locationNotice(view, shutLocationNotice) : nothing}
    ${expiryNotice(view)}
  </div>`;
}

function connectionNotice(view: SessionView): TemplateResult | typeof nothing {
  const { live } = view;
  if (live.link === "connecting" && !live.state) {
    return html`<p class="notice is-quiet"><span class="spinner"></span> ${say("connection.connecting")}</p>`;
  }
  if (live.lostSince === null) return nothing;
  const lost = Date.now() - live.lostSince;
  if (lost < WORTH_SAYING_MS) return nothing;
  return html`<div class="notice is-warning" data-notice="lost">
    <span class="spinner"></span>
    <p><b>${say("connection.lost")}</b> ${say("connection.lostHint", { length: duration(lost) })}</p>
  </div>`;
}

function locationNotice(view: SessionView, shut: () => void): TemplateResult | typeof nothing {
  switch (view.live.locationState) {
    case "refused":
      return locationCard(view, say("location.refusedTitle"), say("location.refusedHelp"), shut);
    case "unavailable":
      return locationCard(view, say("location.unavailableTitle"), say("location.unavailableHelp"), shut);
    case "insecure":
      return locationCard(view, say("location.insecureTitle"), say("location.insecureHelp"), shut);
    case "unsupported":
      return locationCard(view, say("location.unsupportedTitle"), say("location.unsupportedHelp"), shut);
    default:
      return nothing;
  }
}

function locationCard(view: SessionView, title: string, help: string, shut: () => void): TemplateResult {
  const canRetry = view.live.locationState === "refused" || view.live.locationState === "unavailable";
  return html`<div class="notice is-card" data-notice="location">
    ${icons.warning}
    <div>
      <p><b>${title}</b></p>
      <p>${help}</p>
      <div class="notice-actions">
        ${
          canRetry
            ? html`<button class="button is-small is-primary" @click=${() => view.live.retryLocation()}>${say("location.tryAgain")}</button>`
            : nothing
        }
        <button class="button is-small" @click=${shut}>${say("location.dismiss")}</button>
      </div>
    </div>
  </div>`;
}

function expiryNotice(view: SessionView): TemplateResult | typeof nothing {
  const expiresAt = view.live.state?.session.expires_at;
  if (expiresAt === undefined) return nothing;
  const left = expiresAt - view.live.now();
  if (left > SOON_MS) return nothing;
  return html`<p class="notice is-quiet">${icons.clock} ${say("session.expiresSoon", { length: duration(left) })}</p>`;
}
