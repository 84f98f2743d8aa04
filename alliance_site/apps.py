from django.apps import AppConfig


class AllianceSiteConfig(AppConfig):
    name = "alliance_site"

    def ready(self) -> None:
        from alliance_site import checks  # noqa: F401  registers the system checks
