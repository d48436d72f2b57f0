/** What the page runs first: dials the session that the address leads to, if this device is in it. */

import { recallMembership } from "./memory/membership";
import { dialFirst } from "./net/first_dial";
import { liftToken } from "./net/handed_token";
import { openedLink } from "./net/link";

liftToken();
const link = openedLink();
const membership = link && recallMembership(link.sessionId);
if (membership) dialFirst(membership);
