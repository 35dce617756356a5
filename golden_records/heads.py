"""The heads of the chains: kept elsewhere, they prove that nothing that came before them was rewritten or cut off since."""

from collections.abc import Iterator, Mapping
from typing import Any

from golden_records.chain import BEGINNING, CHAINS, Chain
from golden_records.offences import Offence


def heads() -> dict[str, dict[str, Any]]:
    """Give the last place and hash of each chain, by its name."""
    return {chain.name: _head(chain) for chain in CHAINS}


def differences(kept: Mapping[str, Any]) -> Iterator[Offence]:
    """Name each chain which does not have, at the place of a head that was kept elsewhere, the hash that the head says."""
    for chain in CHAINS:
        seq, expected = _said(kept.get(chain.name))
        found = chain.seals._default_manager.filter(seq=seq).values_list("hash", flat=True).first() if seq else BEGINNING
        if found is None or bytes(found).hex() != expected:
            told = "It was cut off before this place." if found is None else "What came up to this place was rewritten."
            yield Offence(chain.name, {"seq": seq}, told, "Compare the database with a backup of that day.")


def _head(chain: Chain) -> dict[str, Any]:
    last = chain.seals._default_manager.order_by("-seq").values_list("seq", "hash").first()
    seq, found = (last[0], bytes(last[1])) if last else (0, BEGINNING)
    return {"seq": seq, "hash": found.hex()}


def _said(head: object) -> tuple[int, str]:
    if isinstance(head, dict) and isinstance(head.get("seq"), int) and isinstance(head.get("hash"), str):
        return head["seq"], head["hash"]
    return 0, BEGINNING.hex()
