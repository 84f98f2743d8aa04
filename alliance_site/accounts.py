from allauth.account.adapter import DefaultAccountAdapter
from django.http import HttpRequest


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]
    """Log-ins are made by the organization, never by signing up."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False
