/** What the page runs first: dials the session that the address leads to, if this device is in it. */
import { dialFirst } from "./first_dial";
import { parseFragment } from "./link";
import { recallMembership } from "./memory";

const link = location.pathname === "/j" ? parseFragment(location.hash) : null;
const membership = link && recallMembership(link.sessionId);
if (membership) dialFirst(membership);
