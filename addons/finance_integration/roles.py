"""The one check of the buttons: is this for you?"""

from odoo import SUPERUSER_ID
from odoo.exceptions import AccessError


def need_role(records, role: str):
    """Let people of ``role`` go on with ``records`` they may see, and the engine.

    ``role`` is the end of a group's name: ``user``, ``operator``… Raises AccessError.
    """
    records.check_access("read")
    env = records.env
    if not (env.su or has_role(env, role)):
        raise AccessError(env._("Your role does not allow this."))


def need_decider(env):
    """Let an approver decide, but no administrator and no robot, whatever ``sudo``
    says. Raises AccessError."""
    robot = env.uid == SUPERUSER_ID
    if robot or not has_role(env, "approver") or has_role(env, "admin"):
        raise AccessError(
            env._("Only an approver who is no administrator may decide about this.")
        )


def has_role(env, role: str) -> bool:
    """Whether the user, whatever ``sudo`` says, has that role."""
    return env.user.has_group(f"finance_integration.group_{role}")
