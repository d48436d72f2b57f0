/** What the page runs first: dials the session that the address leads to, if this device is in it. */
import { dialFirst } from "./first_dial";
import { openedLink } from "./link";
import { recallMembership } from "./memory";

const link = openedLink();
const membership = link && recallMembership(link.sessionId);
if (membership) dialFirst(membership);
