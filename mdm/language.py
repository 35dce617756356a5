"""In which language a request is answered: pages in the reader's, the API in English."""

from typing import Final

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.middleware.locale import LocaleMiddleware
from django.utils import translation

_API: Final = "/api/"
_OF_THE_API: Final = "en"


class LanguageMiddleware(LocaleMiddleware):
    """The language that was chosen in the user menu (a cookie), else the browser's; programs always read English.

    A program compares the texts that it gets, and its HTTP library may send a language that nobody chose.
    """

    def process_request(self, request: HttpRequest) -> None:
        """Put the language of the request in force."""
        if request.path_info.startswith(_API):
            translation.activate(_OF_THE_API)
            request.LANGUAGE_CODE = _OF_THE_API
            return
        super().process_request(request)

    def process_response(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        """Name the language in the answer; what the API answers does not vary by what the client asks for."""
        if request.path_info.startswith(_API):
            response.headers.setdefault("Content-Language", _OF_THE_API)
            return response
        return super().process_response(request, response)
