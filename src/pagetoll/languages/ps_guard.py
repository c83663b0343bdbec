# SPDX-License-Identifier: Apache-2.0
"""What Ghostscript runs in front of a PostScript program, so that it prints what a printer would print.

A program could leave the device whose pages are counted by words that a printer does not know or refuses: then
a printer prints on while nothing is counted. Those words are taken away, as they are missing in a printer:

* devices other than the one in use, and the words that make or select them;
* `.quit`, which ends Ghostscript and not a printer's program;
* the keys of `setpagedevice` that move or shorten what the device writes, which are skipped.

And a page with copies that PCL XL cannot state (16 bits) would come out with others, 1 instead of 65,537: the
program ends with an error there. The test is put behind each `EndPage` procedure that the program sets.

Whether a program can tell Ghostscript from a printer otherwise is another matter: it can (`device_dependent`).
"""

_STOP = r"\n) print flush null 1 .quit"

_COPIES = f"""
/Copies {{
  dup {{
    /#copies where {{ /#copies get type /integertype ne }} {{ true }} ifelse
    {{ true }} {{ .currentnumcopies dup 0 lt exch 65535 gt or }} ifelse
    {{ (Error: fewer than 0 or more than 65535 copies of a page{_STOP} }} if
  }} if
}} bind executeonly def
/Chain [ null /exec load /Copies load /exec load ] readonly def
/Behind {{
  dup type /arraytype eq {{ dup rcheck {{ dup length 4 eq }} {{ false }} ifelse }} {{ false }} ifelse
  {{ true 1 1 3 {{ 2 index 1 index get exch //Chain exch get eq and }} for }} {{ false }} ifelse
  not {{ //Chain 4 array copy dup 0 4 -1 roll put cvx readonly }} if
}} bind executeonly def
"""
"""`Copies` passes on what EndPage said. `Behind` makes of an EndPage procedure one with `Copies` behind it, once."""

_SETPAGEDEVICE = f"""
/Barred [ /OutputDevice /OutputFile /.LockSafetyParams /.IgnoreNumCopies /ViewerPreProcess ] readonly def
/Device currentpagedevice /OutputDevice get def
/EndPage {{ exch pop 2 ne }} bind readonly def
/Set /setpagedevice load def
systemdict /setpagedevice {{
  dup type /dicttype eq {{
    /finddevice where
    {{ systemdict ne {{ (Error: the program brings a device of its own{_STOP} }} if }} if
    currentglobal exch false setglobal
    dup length 1 add dict copy
    //Barred {{ 1 index exch undef }} forall
    currentpagedevice /OutputDevice known not {{
      dup /EndPage 2 copy known {{ pop pop }} {{ //EndPage put }} ifelse
    }} if
    dup /EndPage known {{ dup dup /EndPage get //Behind exec /EndPage exch put }} if
    exch setglobal
  }} if
  //Set
}} bind executeonly put
"""
"""The keys work in a copy of the program's dictionary. After `nulldevice` the page device is set up anew."""

_TAKE_AWAY = """
systemdict /quit { null 0 .quit } bind executeonly put
systemdict /devicedict get
[ 1 index { pop dup dup /Default eq exch //Device eq or { pop } if } forall ] { 1 index exch undef } forall
dup { exch pop readonly pop } forall readonly pop
[ /copydevice /makeimagedevice /makewordimagedevice /setdevice /findprotodevice /selectdevice /currentdevice
  /putdeviceprops /devforall /.quit ] { systemdict exch undef } forall
"""

_BEGIN = "true setglobal 20 dict begin"
_SET = "false setglobal << /EndPage //EndPage >> setpagedevice true setglobal"
_END = "end systemdict readonly pop false setglobal"

PROGRAM_GUARD = (
    "-dWRITESYSTEMDICT",
    "-c",
    *(" ".join(part.split()) for part in (_BEGIN, _COPIES, _SETPAGEDEVICE, _SET, _TAKE_AWAY, _END)),
    "-f",
)
"""Arguments for Ghostscript in front of the name of the program; it takes none of more than 2,048 characters."""
