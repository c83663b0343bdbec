# SPDX-License-Identifier: Apache-2.0
"""`pagetoll completion`: what a shell needs to complete the words of all our programs."""

import sys
from collections.abc import Callable

from pagetoll.core.errors import UsageError
from pagetoll.core.messages import _
from pagetoll.frontends.cli.options import Command
from pagetoll.frontends.cli.subcommand import parse_or_show

COMMAND = Command(
    name="pagetoll completion",
    usage="bash | zsh | fish",
    summary="Writes the completions of all programs for a shell, as a script that the shell reads at its start: in "
    'bash and zsh by eval "$(pagetoll completion bash)", or zsh; in fish by pagetoll completion fish | source.',
    rows=(),
)

#: The longest known beginning of the line says what may come next. Options are offered where a dash was typed; for
#: names, and behind an option that takes an argument, the shell offers files.
BASH = """\
declare -gA _pagetoll_next=(
{next})
declare -gA _pagetoll_verbs=(
{verbs})
declare -gA _pagetoll_takes=(
{takes})
_pagetoll() {{
    local current=${{COMP_WORDS[COMP_CWORD]}} before=${{COMP_WORDS[COMP_CWORD-1]}} line=${{COMP_WORDS[0]##*/}} place
    for ((place = 1; place < COMP_CWORD; place++)); do
        [[ -n ${{_pagetoll_next[$line ${{COMP_WORDS[place]}}]+known}} ]] && line+=" ${{COMP_WORDS[place]}}"
    done
    COMPREPLY=()
    if [[ " ${{_pagetoll_takes[$line]}} " == *" $before "* ]]; then
        return
    elif [[ $current == -* ]]; then
        COMPREPLY=($(compgen -W "${{_pagetoll_next[$line]}}" -- "$current"))
    else
        COMPREPLY=($(compgen -W "${{_pagetoll_verbs[$line]}}" -- "$current"))
    fi
}}
complete -o default -F _pagetoll {programs}
"""
ZSH = "autoload -U +X compinit bashcompinit\ncompinit -u\nbashcompinit\n"


def main(arguments: list[str]) -> int:
    """Write the script. Raises UsageError for another shell."""
    parsed = parse_or_show(COMMAND, arguments)
    if parsed is None:
        return 0
    shell = parsed.words[0] if len(parsed.words) == 1 else ""
    if shell not in SCRIPTS:
        raise UsageError(_("say one of {shells}; see --help").format(shells=", ".join(SCRIPTS)))
    sys.stdout.write(SCRIPTS[shell]())
    return 0


def bash_script() -> str:
    """The completions for bash: tables from the words so far to those that may follow."""
    from pagetoll.frontends.programs import PYKOTA_PROGRAMS, all_lines

    tables: dict[str, str] = {"next": "", "verbs": "", "takes": ""}
    for line in all_lines():
        taking = [row for row in (line.command.options if line.command else ()) if row.argument]
        words = {
            "next": (*line.next_words, *line.options),
            "verbs": [word for word in line.next_words if not word.startswith("-")],
            "takes": [f"--{row.name}" for row in taking] + [f"-{row.letter}" for row in taking if row.letter],
        }
        for table, row in words.items():
            tables[table] += f"    ['{' '.join(line.path)}']='{' '.join(row)}'\n"
    return BASH.format(programs=" ".join(("pagetoll", *PYKOTA_PROGRAMS)), **tables)


def zsh_script() -> str:
    """The same for zsh, which can use bash's."""
    return ZSH + bash_script().replace("declare -gA", "typeset -gA").replace("['", "'").replace("']='", "' '")


def fish_script() -> str:
    """The completions for fish: a line for each word and option, with what they do."""
    from pagetoll.frontends.programs import all_lines

    text = ""
    for line in all_lines():
        program, *words = line.path
        here = "; and ".join(f"__fish_seen_subcommand_from {word}" for word in words)
        if line.next_words and not words:
            here = "__fish_use_subcommand"
        elif line.next_words:
            here += f"; and not __fish_seen_subcommand_from {' '.join(line.next_words)}"
        condition = f" -n '{here}'" if here else ""
        for word in line.next_words:
            text += f"complete -c {program}{condition} -f -a {word}\n"
        for row in line.command.options if line.command else ():
            letter = f" -s {row.letter}" if row.letter else ""
            takes = " -r" if row.argument else ""
            text += f"complete -c {program}{condition}{letter} -l {row.name}{takes} -d {_fish_word(_(row.help))}\n"
    return text


def _fish_word(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"


SCRIPTS: dict[str, Callable[[], str]] = {"bash": bash_script, "zsh": zsh_script, "fish": fish_script}
