// Whether this browser trusts the server's certificate: a request over HTTPS comes through, or it fails.
// The answer itself cannot be read from another origin, and need not be.
"use strict";

const address = document.body.dataset.address;

function show(id) {
  for (const each of ["checking", "trusted", "untrusted"]) {
    document.getElementById(each).hidden = each !== id;
  }
}

async function check() {
  show("checking");
  try {
    await fetch(`${address}/healthz`, { mode: "no-cors", cache: "no-store" });
    show("trusted");
  } catch {
    show("untrusted");
  }
}

document.getElementById("again").addEventListener("click", check);
// People come back to this tab from their settings.
document.addEventListener("visibilitychange", () => {
  if (document.visibilityState === "visible") check();
});
check();
