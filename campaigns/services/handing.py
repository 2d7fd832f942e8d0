"""Handing one message over: what the answer of a mail server, or of the API of a provider, means for its row."""

from smtplib import SMTPException, SMTPRecipientsRefused, SMTPResponseException, SMTPServerDisconnected
from typing import Any, Final

import structlog
from anymail.exceptions import AnymailError, AnymailRecipientsRefused
from botocore.exceptions import ClientError, ConnectTimeoutError, EndpointConnectionError
from urllib3.exceptions import ConnectTimeoutError as NotConnected
from urllib3.exceptions import NewConnectionError

from campaigns.rules.deliveries import DeliveryState
from campaigns.rules.outcomes import LOST, SENT, Outcome, answered, away, refused
from campaigns.services.envelopes import Envelope
from campaigns.services.wire import transmit

log = structlog.get_logger("campaigns")
_NEVER_THERE: Final = (NewConnectionError, NotConnected, EndpointConnectionError, ConnectTimeoutError)


def hand_over(*, mail: Any, message: Any, attempts: int) -> Outcome:
    """The server or provider has the message, has refused it, or nobody knows; `mail` is open.

    An Envelope goes straight over the connection that Django's backend holds to a plain mail server.
    """
    try:
        _send(mail, message)
    except SMTPRecipientsRefused as refusal:
        code, says = next(iter(refusal.recipients.values()))
        return refused(code, address=True, attempts=attempts, says=_text(says))
    except SMTPServerDisconnected:
        mail.connection = None
        return LOST
    except SMTPResponseException as refusal:
        return refused(refusal.smtp_code, address=False, attempts=attempts, says=_text(refusal.smtp_error))
    except AnymailRecipientsRefused:
        return refused(550, address=True, attempts=attempts)
    except AnymailError as trouble:
        return _of_provider(trouble, attempts)
    except (SMTPException, OSError) as trouble:
        log.warning("message lost on the way", error=type(trouble).__name__)
        mail.connection = None
        return LOST
    except ValueError:
        return Outcome(DeliveryState.FAILED, "unsendable")
    return SENT


def _send(mail: Any, message: Any) -> None:
    if isinstance(message, Envelope):
        try:
            transmit(server=mail.connection, message=message)
        finally:
            if mail.connection.sock is None:
                mail.connection = None  # closed by a refusal, so that the next message opens it anew
    else:
        mail.send_messages([message])


def provider_id(message: Any, /) -> str:
    """The provider's own id of a message that was handed over; '' for a plain mail server."""
    status = getattr(message, "anymail_status", None)
    found = getattr(status, "message_id", None)
    return found[:200] if isinstance(found, str) else ""


def _of_provider(trouble: AnymailError, attempts: int) -> Outcome:
    status = trouble.status_code or _status_of_aws(trouble.__cause__)
    log.warning("provider refused", error=type(trouble).__name__, status=status)
    if status:
        return answered(status, attempts=attempts)
    if any(isinstance(one, _NEVER_THERE) for one in _causes(trouble)):
        return away(attempts)
    return LOST if isinstance(trouble, OSError) or trouble.__cause__ else Outcome(DeliveryState.FAILED, "unsendable")


def _status_of_aws(cause: BaseException | None) -> int:
    if isinstance(cause, ClientError):
        return int(cause.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))
    return 0


def _causes(trouble: BaseException) -> list[BaseException]:
    """What lies behind it, also what urllib3 hides in the arguments of its errors."""
    found: list[BaseException] = []
    waiting: list[Any] = [trouble]
    while waiting and len(found) < 20:
        one = waiting.pop()
        if isinstance(one, BaseException) and one not in found:
            found.append(one)
            waiting += [one.__cause__, one.__context__, getattr(one, "reason", None), *one.args]
    return found


def _text(says: bytes | str) -> str:
    return says.decode(errors="replace") if isinstance(says, bytes) else str(says)
