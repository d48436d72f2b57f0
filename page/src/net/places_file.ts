/** The session's places as a GPX file, saved where the browser saves files. */
import { ApiError } from "./api";

const NAME = "places.gpx";
const TIMEOUT_MS = 12_000;
/** By then the browser has begun to read it. */
const KEPT_MS = 60_000;

/** @throws ApiError where the server does not give it. */
export async function savePlaces(sessionId: string, token: string): Promise<void> {
  const address = URL.createObjectURL(await fetchPlaces(sessionId, token));
  const link = document.createElement("a");
  link.href = address;
  link.download = NAME;
  link.click();
  setTimeout(() => URL.revokeObjectURL(address), KEPT_MS);
}

async function fetchPlaces(sessionId: string, token: string): Promise<Blob> {
  let response: Response;
  try {
    response = await fetch(`/api/sessions/${sessionId}/${NAME}`, {
      headers: { Authorization: `Bearer ${token}` },
      signal: AbortSignal.timeout(TIMEOUT_MS),
      cache: "no-store",
      credentials: "omit",
    });
    if (response.ok) return await response.blob();
  } catch {
    throw new ApiError("offline");
  }
  throw new ApiError("unavailable");
}
