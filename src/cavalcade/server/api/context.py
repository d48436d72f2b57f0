"""What the handlers of the API share."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Self

from litestar.di import NamedDependency
from litestar.params import SkipValidation

from cavalcade.domain.errors import ErrorCode, Rejected
from cavalcade.domain.model import Participant, Role, SessionState
from cavalcade.server.access.addresses import bucket, client_address
from cavalcade.server.access.rate_limits import RateLimits
from cavalcade.server.access.tokens import Claims, TokenSigner, token_expiry
from cavalcade.server.api.requests import AnyRequest, bearer_token
from cavalcade.server.api.sessions import Sessions
from cavalcade.server.live_storage.redis_link import RedisLink
from cavalcade.server.processes.clock import now_ms
from cavalcade.server.sessions.backend import Backend
from cavalcade.settings import Settings
from cavalcade.storage.sessions import SessionStore
from cavalcade.storage.stored import Stored
from cavalcade.wire.codec import encode

Json = dict[str, object]


@dataclass(frozen=True, slots=True)
class Api:
    """The parts that the calls need.

    Attributes:
        settings: What the environment says.
        sessions: Lets people in.
        backend: Carries out what they ask for.
        signer: Makes and checks tokens.
        limits: Refuses those who ask for too much.
        clock: Gives ms since the epoch.
    """

    settings: Settings
    sessions: Sessions
    backend: Backend
    signer: TokenSigner
    limits: RateLimits
    clock: Callable[[], int] = now_ms

    @classmethod
    def over(cls, settings: Settings, store: SessionStore, backend: Backend, link: RedisLink) -> Self:
        """The parts over a server's own; who owns these opens and closes them."""
        return cls(
            settings=settings,
            sessions=Sessions(store, backend, settings.limits, settings.secrets),
            backend=backend,
            signer=TokenSigner(settings.secrets),
            limits=RateLimits(link, settings.secrets[0], settings.quotas),
        )

    def claims(self, request: AnyRequest, session_id: str) -> Claims:
        """Who asks, by their token; whether they are still in the session is not asked.

        Raises:
            Rejected: `unauthorized` where the token is missing, forged, expired or another session's.
        """
        token = bearer_token(request)
        claims = None if token is None else self.signer.verify(token, self.clock())
        if claims is None or claims.session_id != session_id:
            raise Rejected(ErrorCode.UNAUTHORIZED, "This needs a valid token of this session.")
        return claims

    def address(self, request: AnyRequest) -> str:
        """What the address that a request comes from counts as."""
        peer = None if request.client is None else request.client.host
        forwarded_for = request.headers.getall("x-forwarded-for", [])
        return bucket(client_address(peer, forwarded_for, self.settings.trusted_proxies))

    async def admit(self, request: AnyRequest, session_id: str, code: str) -> tuple[Stored, Role]:
        """Checks a code. Right ones are let in whatever else comes from their address; wrong ones are counted.

        Raises:
            Rejected: `too_many_requests` where too many wrong ones came, or what `Sessions.admit` says.
        """
        try:
            return await self.sessions.admit(session_id, code, self.clock())
        except Rejected as rejected:
            if rejected.code is ErrorCode.SESSION_NOT_FOUND:
                await self.limits.wrong_code(self.address(request))
            raise

    def entry(self, state: SessionState, participant: Participant) -> Json:
        """The answer to somebody who is in now."""
        session_id = state.session.id
        expires_at = token_expiry(self.clock(), self.settings.limits)
        return {
            "session": encode(state.session),
            "participant": encode(participant),
            "token": self.signer.issue(session_id, participant.id, expires_at),
            "socket": self.settings.socket_url,
        }

    def link(self, code: str) -> str:
        """What people send each other."""
        return f"{self.settings.public_url}/j#{code}"


InjectedApi = NamedDependency[SkipValidation[Api]]
"""How a handler asks for its `Api`."""
