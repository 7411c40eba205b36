"""From an account's table to the account: each credential by value, by variable or by file."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator, Field, ValidationInfo
from pydantic_core import PydanticCustomError

from receiver.accounts import Account
from receiver.settings.calling import ApiTable, access, completed
from receiver.settings.model import TOLD, Decimals, Section, Several, Text, validated
from receiver.settings.texts import Missing, text_of_file, text_of_variable
from receiver.sources import SOURCES
from receiver.sources.pandapon.signing import check_template

NAME = r"^[a-z0-9][a-z0-9_.-]{0,62}$"
#: A credential is given in exactly one of its forms.
CREDENTIALS = tuple((key, f"{key}_env", f"{key}_file") for key in ("access_key", "access_secret"))


def _variable(name: str, info: ValidationInfo) -> str:
    context: Any = info.context
    try:
        return text_of_variable(name, context["environ"])
    except Missing as error:
        raise PydanticCustomError(TOLD, str(error)) from None


def _file(path: str, info: ValidationInfo) -> str:
    context: Any = info.context
    try:
        return text_of_file(Path(context["folder"], path))
    except Missing as error:
        raise PydanticCustomError(TOLD, str(error)) from None


def _template(text: str, info: ValidationInfo) -> str:
    if info.data.get("source", "pandapon") != "pandapon":
        raise PydanticCustomError(TOLD, "expected for source pandapon alone")
    try:
        check_template(text)
    except ValueError as error:
        raise PydanticCustomError(TOLD, f"expected a template: {' '.join(str(error).split())}") from None
    return text


TextOfVariable = Annotated[Text, AfterValidator(_variable)]
TextOfFile = Annotated[Text, AfterValidator(_file)]
Template = Annotated[Text, AfterValidator(_template)]


class CredentialsTable(Section):
    """Validation puts the text itself in the place of a variable's name or a path."""

    name: str = Field(pattern=NAME, description="1 to 63 of a-z, 0-9, '_', '.' and '-', the first a letter or a digit")
    source: str = Field(pattern=f"^({'|'.join(SOURCES)})$", description=f"one of {', '.join(SOURCES)}")
    access_key: Text = Field("", description="a text that is not empty")
    access_key_env: TextOfVariable = Field("", description="the name of an environment variable")
    access_key_file: TextOfFile = Field("", description="a path")
    access_secret: Several[Text] = Field((), min_length=1, description="a text or a list of texts, none empty")
    access_secret_env: Several[TextOfVariable] = Field((), min_length=1, description="names of environment variables")
    access_secret_file: Several[TextOfFile] = Field((), min_length=1, description="paths")
    user_id: Text | None = Field(None, description="a text that is not empty")
    signature_base: Several[Template] = Field((), min_length=1, description="a template or a list of templates")


class AccountTable(ApiTable, CredentialsTable):
    """An account as it is written."""

    max_rate: Decimals | None = Field(None, gt=0, description="callbacks a second, above 0")


def account(table: Mapping[str, Any], context: Mapping[str, Any]) -> tuple[Account | None, dict[str, str]]:
    """The account, or else what is expected of which key."""
    written, expected = validated(AccountTable, table, context)
    for forms in CREDENTIALS:
        given = [form for form in forms if form in table]
        if len(given) != 1:
            found = f", not {' and '.join(given)}" if given else ""
            expected[given[-1] if given else forms[0]] = f"expected exactly one of {', '.join(forms)}{found}"
    if table.get("source") != "pandapon":  # the others' signatures are public
        recipe = [key for key in table if key.startswith("api.recipe")]
        expected |= dict.fromkeys(recipe, "expected for source pandapon alone")
    operations, wrong = completed(written.operations, written.source) if written else ((), None)
    if wrong is not None:
        expected["operations"] = wrong
    if written is None or expected:
        return None, expected
    return Account(
        access_key=written.access_key or written.access_key_env or written.access_key_file,
        secrets=written.access_secret or written.access_secret_env or written.access_secret_file,
        # A key that is not written is as Account has it.
        **written.model_dump(include={"name", "source", "user_id", "signature_base", "max_rate"}, exclude_unset=True),
        api=access(written),
        operations=operations,
    ), {}


def demo_accounts() -> tuple[Account, ...]:
    """One account for each source: what ``yizhan dev`` runs with when none is configured."""
    return tuple(Account(name=name, source=name, access_key="demo", secrets=("demo-secret",)) for name in SOURCES)
