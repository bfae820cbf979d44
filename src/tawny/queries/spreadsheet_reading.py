"""What a spreadsheet takes a text for when it opens a file of texts: numbers, dates, times, truth.

Spreadsheets differ by maker, language and settings, and none says exactly what it reads. So this
errs on one side: what any of them may take for something else is named here, and more than that
does no harm, since a text that is guarded needlessly is still shown as it is.
"""

from __future__ import annotations

_MONTHS = """
abr abril ago agosto aout août apr april aprile aprilie ara aralık aug august augusti augustus
augusztus avr avril ağu ağustos bře březen března cze czerwca czerwiec dec december decembrie
des desember dez dezember dezembro dic dicembre diciembre dub duben dubna déc décembre eki ekim
elo elokuu elokuuta ene enero eyl eylül feb febbraio febr febrero februar februari februarie
february február fev fevereiro févr février gen gennaio giu giugno gru grudnia grudzień haz
haziran heinä heinäkuu heinäkuuta helmi helmikuu helmikuuta huhti huhtikuu huhtikuuta ian
ianuarie iul iulie iun iunie jan janeiro januar januari january január janv janvier joulu
joulukuu joulukuuta juil juillet juin jul julho juli julio july jun june junho juni junio júl
július jún június kas kasım kesä kesäkuu kesäkuuta kvě květen května kwi kwiecień kwietnia led
leden ledna lip lipca lipiec lis listopad listopada listopadu loka lokakuu lokakuuta lug luglio
lut lutego luty maalis maaliskuu maaliskuuta maart mag maggio mai maio maj maja mar marca march
marras marraskuu marraskuuta mars mart martie marts marzec marzo março may mayo mayıs mei mrt
mrz máj május márc március mär märz nis nisan noiembrie nov november novembre novembro noviembre
oca ocak oct october octobre octombrie octubre okt oktober október ott ottobre out outubro paź
październik października pro prosince prosinec sep sept september septembre septembrie
septiembre set setembro settembre sie sierpień sierpnia srp srpen srpna sty styczeń stycznia
syys syyskuu syyskuuta szept szeptember tammi tammikuu tammikuuta tem temmuz touko toukokuu
toukokuuta wrz wrzesień września zář září ápr április úno únor února červen července červenec
června čvc čvn říj říjen října şub şubat απρ απρίλιος απριλίου αυγ αυγούστου αύγ αύγουστος δεκ
δεκέμβριος δεκεμβρίου ιαν ιανουάριος ιανουαρίου ιουλ ιουλίου ιουν ιουνίου ιούλ ιούλιος ιούν
ιούνιος μάι μάιος μάρ μάρτιος μαΐ μαΐου μαρ μαρτίου νοέ νοέμβριος νοε νοεμβρίου οκτ οκτωβρίου
οκτώβριος σεπ σεπτέμβριος σεπτεμβρίου φεβ φεβρουάριος φεβρουαρίου авг август августа апр апрель
апреля дек декабрь декабря июл июль июля июн июнь июня май мар март марта мая нояб ноябрь ноября
окт октябрь октября сент сентябрь сентября февр февраль февраля янв январь января
"""
"""Months of eighteen languages, long and short; `mar-1` is a date to them."""

_TRUTH = """
adevărat doğru epätosi fals falsch false falsk falskt falso faux fałsz hamis igaz nepravda
onwaar pravda prawda sand sann sant tosi true usann verdadeiro verdadero vero vrai waar wahr
yanliş yanlış αληθης ψευδης истина ложь
"""

_MONEY = r"eur usd gbp chf jpy cny kr kč zł lei ft rs rm rp r\$ tl лв руб"
"""Currencies that are written as letters; `5 kr` is a number where they are at home."""

_DIGITS = r"0-9٠-٩۰-۹０-９"

_NO_LETTERS = (
    r"\x01-@\[-\^`{-\xbf\xd7\xf7٠-٬۰-۹"
    "\u2000-\u206f\u20a0-\u20cf\u2212\u3000\uff00-\uff20"
)
"""Part of a character class: what stands between digits in numbers, amounts, dates and times."""

_BETWEEN = rf"(?:[{_NO_LETTERS}年月日時分秒년월일시분초]|de )*"
"""The same with the units of dates in East Asia, and the word in Spanish and Portuguese ones."""


def _any_of(words: str) -> str:
    return f"(?:{'|'.join(sorted(words.split(), key=len, reverse=True))})"


NUMBER_PATTERN = f"[{_NO_LETTERS}]*[{_DIGITS}][{_NO_LETTERS}]*"
"""Digits and no letter: a number, an amount, a date, a time, or a product of several."""

KEPT_PATTERN = "0|[1-9][0-9]{0,14}"
"""What matches `NUMBER_PATTERN` and is shown as it is: a whole number of up to 15 digits, which is
what a spreadsheet counts with."""

_DAY = rf"(?:[^{_NO_LETTERS}_]{{2,12}}\.?[, ]+)?{_BETWEEN}"

_CHANGED = (
    NUMBER_PATTERN,
    rf"{_BETWEEN}[{_DIGITS}]{_BETWEEN}",
    # 1E5, and 1D5 as older programs write it
    rf"[{_NO_LETTERS}]*[0-9][{_NO_LETTERS}]*[ed][-+]?[0-9]+ *",
    # 2026-05-04T09:00:00Z
    rf"[{_NO_LETTERS}]*[0-9][{_NO_LETTERS}]*t[{_NO_LETTERS}]*[0-9][{_NO_LETTERS}]*z?",
    # 1 a, 1pm, 1:30p
    r"[0-9:., ]*[0-9](?: +[ap]\.?|[ap]\.?m\.?| +[ap]\.?m\.?) *",
    r"[0-9]+:[0-9:.]*[ap] *",
    # March 2026, Mon 2 Mar 2026, 2-mar, 1 de marzo
    rf"{_DAY}{_any_of(_MONTHS)}{_BETWEEN}[0-9]{_BETWEEN}",
    rf"{_DAY}[0-9]{_BETWEEN}{_any_of(_MONTHS)}{_BETWEEN}",
    # R8.3.1, by the reign of an emperor
    r"[mtshr][0-9]+[./-][0-9]+[./-][0-9]+",
    rf"[{_NO_LETTERS}]*{_any_of(_MONEY)}[{_NO_LETTERS}]*[0-9][{_NO_LETTERS}]*",
    rf"[{_NO_LETTERS}]*[0-9][{_NO_LETTERS}]*{_any_of(_MONEY)}[{_NO_LETTERS}]*",
    rf" *{_any_of(_TRUTH)} *",
    # #N/A and its like are errors
    r"#[\s\S]*",
)

CHANGED_PATTERN = f"(?i:{'|'.join(_CHANGED)})"
"""What may become something else, for the whole of a text; what matches `KEPT_PATTERN` does not."""
