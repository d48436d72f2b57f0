/** The HTTP calls that the page makes; everything else goes over the socket. */
import type { Participant, Session, SessionEvent, Snapshot } from "../model/model";

const TIMEOUT_MS = 12_000;
const ATTEMPTS = 3;
/** A longer wait is for the person to know of. */
const PATIENCE_S = 15;

export interface Created {
  readonly session: Session;
  readonly code: string;
  readonly link: string;
  readonly viewer_code: string;
  readonly viewer_link: string;
  readonly participant: Participant;
  readonly token: string;
  readonly socket: string;
}

export type Joined = Pick<Created, "session" | "participant" | "token" | "socket">;

export interface Preview {
  readonly session: Pick<Session, "id" | "name" | "expires_at">;
  readonly participants: number;
}

interface ProblemDocument {
  readonly code?: string;
  readonly errors?: readonly { readonly pointer: string }[];
}

/** A call that was refused or that got no answer. */
export class ApiError extends Error {
  constructor(
    /** The contract's code, or `offline` where no answer came. */
    readonly code: string,
    /** Seconds to wait before trying again, where the server said so. */
    readonly retryAfter: number | null = null,
    /** The fields that the server refused, as JSON pointers. */
    readonly fields: readonly string[] = [],
  ) {
    super(code);
  }

  /** Whether a name was refused, whichever field it stood in. */
  get isAboutName(): boolean {
    return this.fields.some((field) => field.endsWith("/name"));
  }

  /** Whether the outcome is unknown or passing, so that the same attempt may be repeated under the same key. */
  get isPassing(): boolean {
    return this.code === "offline" || this.code === "unavailable" || this.code === "too_many_requests";
  }
}

/** Makes a session, whose host is this page. The key makes a repeated attempt return the same one. */
export function createSession(host: { name?: string }, idempotencyKey: string): Promise<Created> {
  return call("POST", "/api/sessions", { body: { host }, idempotencyKey });
}

/** Says what a link leads to, without joining. */
export function previewSession(id: string, code: string, signal?: AbortSignal): Promise<Preview> {
  return call("POST", `/api/sessions/${id}/preview`, { body: { code }, ...(signal && { signal }) });
}

/** Joins with a link's code. */
export function joinSession(id: string, code: string, name: string, idempotencyKey: string): Promise<Joined> {
  return call("POST", `/api/sessions/${id}/join`, { body: name ? { code, name } : { code }, idempotencyKey });
}

/** The session at one moment, and who one is in it. */
export function readSession(id: string, token: string): Promise<{ readonly me: number; readonly snapshot: Snapshot }> {
  return call("GET", `/api/sessions/${id}`, { token });
}

/** Leaves while the socket is away. */
export function leaveSession(id: string, token: string): Promise<void> {
  return call("DELETE", `/api/sessions/${id}/participants/me`, { token });
}

/** Messages from before an offset, as the events that sent them, the newest first. */
export function messagesBefore(
  id: string,
  token: string,
  before: number,
  limit: number,
): Promise<{ readonly messages: readonly SessionEvent[] }> {
  return call("GET", `/api/sessions/${id}/messages?before=${before}&limit=${limit}`, { token });
}

interface CallOptions {
  readonly body?: unknown;
  readonly idempotencyKey?: string;
  readonly token?: string;
  readonly signal?: AbortSignal;
}

/** Makes a call, and makes it again after a short wait that the server asks for. */
async function call<Answer>(method: string, path: string, options: CallOptions): Promise<Answer> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await callOnce<Answer>(method, path, options);
    } catch (error) {
      const wait = error instanceof ApiError && error.code === "too_many_requests" ? error.retryAfter : null;
      if (wait === null || wait > PATIENCE_S || attempt === ATTEMPTS || options.signal?.aborted) throw error;
      await new Promise((resolve) => setTimeout(resolve, wait * 1_000));
    }
  }
}

async function callOnce<Answer>(method: string, path: string, options: CallOptions): Promise<Answer> {
  const headers = new Headers({ Accept: "application/json" });
  if (options.body !== undefined) headers.set("Content-Type", "application/json");
  if (options.idempotencyKey) headers.set("Idempotency-Key", options.idempotencyKey);
  if (options.token) headers.set("Authorization", `Bearer ${options.token}`);
  const timeout = AbortSignal.timeout(TIMEOUT_MS);
  let response: Response;
  try {
    response = await fetch(path, {
      method,
      headers,
      body: options.body === undefined ? null : JSON.stringify(options.body),
      signal: options.signal ? AbortSignal.any([options.signal, timeout]) : timeout,
      cache: "no-store",
      credentials: "omit",
    });
    if (response.ok) return (response.status === 204 ? undefined : await response.json()) as Answer;
  } catch {
    throw new ApiError("offline");
  }
  throw await refusal(response);
}

async function refusal(response: Response): Promise<ApiError> {
  const retryAfter = Number.parseInt(response.headers.get("Retry-After") ?? "", 10);
  const problem = (await response.json().catch(() => ({}))) as ProblemDocument;
  // A proxy without its server behind it answers 502 to 504 in its own words.
  const code = problem.code ?? (response.status >= 500 ? "unavailable" : "invalid_request");
  const fields = (problem.errors ?? []).map((error) => error.pointer);
  return new ApiError(code, Number.isFinite(retryAfter) ? retryAfter : null, fields);
}
