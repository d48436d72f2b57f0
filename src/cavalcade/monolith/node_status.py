"""What a node says of itself among the others: for inspection and for metrics."""

from dataclasses import dataclass

from cavalcade.monolith.forwarding import Forwarding
from cavalcade.monolith.node_leases import NodeLeases
from cavalcade.monolith.ownership import Ownership
from cavalcade.monolith.relay import Relays
from cavalcade.monolith.reports import NodeReport
from cavalcade.monolith.self_fence import SelfFence
from cavalcade.server.processes.clock import moment


@dataclass(frozen=True, slots=True)
class NodeStatus:
    """A node's part in the cluster."""

    leases: NodeLeases
    ownership: Ownership
    fence: SelfFence
    relays: Relays
    forwarding: Forwarding

    def report(self) -> NodeReport:
        """How things are now."""
        me, counts = self.leases.me, self.ownership.counts
        return NodeReport(
            name=me.name,
            life=me.life,
            is_draining=me.is_draining,
            lease_s=round(self.leases.stands_until - moment(), 1),
            others=tuple(sorted(other.name for other in self.leases.others.values())),
            owned=len(self.ownership.held),
            taken_over=counts.taken_over,
            handed_over=counts.handed_over,
            superseded=counts.superseded,
            calls_passed_on=self.forwarding.passed_on,
            sockets_passed_on=self.relays.passed_on,
            stood_still=self.fence.stalls,
        )
