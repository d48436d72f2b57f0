/** How posts and statuses are shown, on the map and in lists. */

import type { Badges } from "../map/people/avatars";
import type { Participant, Post, Status } from "../model/model";
import { say } from "../words/strings";
import { type IconName, icons } from "./icons";

export const STATUSES: readonly Status[] = ["break", "fuel", "problem", "late", "ready", "going_home"];

const ICONS: Readonly<Record<Status, IconName>> = {
  break: "cup",
  fuel: "fuel",
  problem: "warning",
  late: "clock",
  ready: "check",
  going_home: "home",
};

export function statusIcon(status: Status): IconName {
  return ICONS[status];
}

export function statusOf(person: Participant): Status | null {
  return person.features?.status?.status ?? null;
}

export function postOf(person: Participant): Post | null {
  return person.features?.post?.post ?? null;
}

export function postIcon(post: Post): IconName {
  return post === "lead" ? "lead" : "sweep";
}

/** What stands at somebody's disc on the map. */
export function badges(person: Participant): Badges {
  const [post, status] = [postOf(person), statusOf(person)];
  const words = [post && say(`post.${post}`), status && say(`status.${status}`)].filter((word) => word !== null);
  return {
    post: post && icons[postIcon(post)],
    status: status && icons[statusIcon(status)],
    words: words.join(", "),
  };
}
