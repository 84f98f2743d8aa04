"""One JSON object per line. Arguments are formatted, request objects are not: they hold people."""

import json
import logging
import re

# The paths of links, of stopping, of pairing and of a new password hold a token; the uuid behind
# /rate/r/ is none.
TOKEN = re.compile(r"(/(?:rate|stop)/(?!r/)|/kiosk/pair/|/account/reset/(?=[^/\s]+-))[^/\s]+")


class JsonFormatter(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        entry = {
            "at": self.formatTime(record, "%Y-%m-%dT%H:%M:%S%z"),
            "level": record.levelname,
            "logger": record.name,
            "message": TOKEN.sub(r"\1(token)", record.getMessage()),
        }
        if record.exc_info and record.exc_info[0] is not None:
            # The type and the place, not the message: it may quote a row.
            entry["exception"] = record.exc_info[0].__name__
            entry["where"] = _innermost_frame(record)
        return json.dumps(entry, ensure_ascii=False)


def _innermost_frame(record: logging.LogRecord) -> str:
    traceback = record.exc_info[2] if record.exc_info else None
    while traceback is not None and traceback.tb_next is not None:
        traceback = traceback.tb_next
    if traceback is None:
        return ""
    return f"{traceback.tb_frame.f_code.co_filename}:{traceback.tb_lineno}"
