"""What people write, in three languages: `<slot>` is filled at random, texts are joined."""

from __future__ import annotations

import re
from dataclasses import dataclass

from tawny.sample.chance import Draw
from tawny.sample.writer import escaped

Phrase = tuple[str, str, str]  # text before the slot, slot or "", text after it

PRODUCTS = (
    "Aubrac", "Belleville", "Camden", "Dorset", "Étretat", "Fjord", "Garance", "Hoxton", "Iroise",
    "Jura", "Kew", "Lubéron", "Mersey", "Nacre",
)  # fmt: skip
CITIES = (
    "Lyon", "Leeds", "Gent", "Nantes", "Bristol", "Lille", "Paris 11e", "York", "Antwerpen",
    "Saint-Étienne", "Brighton", "Liège",
)  # fmt: skip


def split(text: str) -> Phrase:
    found = re.fullmatch(r"(.*?)<(order|product|city|money|day)>(.*)", text, re.DOTALL)
    if found is None:
        return escaped(text), "", ""
    return escaped(found[1]), found[2], escaped(found[3])


def phrases(*texts: str) -> tuple[Phrase, ...]:
    return tuple(split(text) for text in texts)


@dataclass(frozen=True)
class Bank:
    """The phrases of one language, already escaped for JSON."""

    code: str
    hello: tuple[str, ...]
    problem: tuple[Phrase, ...]
    detail: tuple[Phrase, ...]
    nudge: tuple[Phrase, ...]
    thanks: tuple[Phrase, ...]
    bye: tuple[str, ...]
    answer: tuple[Phrase, ...]
    question: tuple[Phrase, ...]
    bot: tuple[Phrase, ...]
    closed: tuple[Phrase, ...]
    proactive: tuple[Phrase, ...]
    survey: tuple[Phrase, ...]
    praise: tuple[str, ...]
    blame: tuple[str, ...]
    follow_up: str


def fill(draw: Draw, options: tuple[Phrase, ...]) -> str:
    """One of the phrases with its slot filled."""
    before, slot, after = options[int(draw() * len(options))]
    if not slot:
        return before
    u = draw()
    if slot == "order":
        return f"{before}{int(100_000 + u * 900_000)}{after}"
    if slot == "product":
        return f"{before}{PRODUCTS[int(u * 14)]}{after}"
    if slot == "city":
        return f"{before}{CITIES[int(u * 12)]}{after}"
    if slot == "money":
        return f"{before}{int(u * 900) + 9}.{int(u * 90_000) % 100:02d}{after}"
    return f"{before}{int(u * 28) + 1}{after}"


ENGLISH = Bank(
    "en",
    ("", "", "", "Hi, ", "Hello, ", "Hi there! ", "Good morning, ", "Hey ", "Dear team,\\n\\n"),
    phrases(
        "my order <order> still has not arrived, and the tracking page has not moved for days.",
        "the parcel was left outside in the rain. The <product> chair is ruined 😡",
        "I was charged £<money> twice for the same order, please refund one of them.",
        'the website says "payment refused" but my bank says otherwise. Order <order>.',
        "can I still change the delivery address to <city>?",
        "one leg of my <product> table is missing: three out of four is not enough, is it?",
        "is the <product> sofa back in stock before Christmas?",
        "do you price match? I saw it for £<money> elsewhere, with free delivery.",
        "how do I return a lamp?\n- bought online\n- box opened\n- never used",
        "your driver rang once, waited ten seconds and left. Order <order>.",
        "the <product> wardrobe smells of glue, even after a week with open windows.",
        "I need an invoice with our VAT number for order <order>, please.",
        "my voucher gives an error: =ERR(42). What now?",
        "is the shop in <city> open on Sunday?",
        "the app logs me out each time I open my basket...",
        "delivery was planned for the <day>th, nobody came, nobody called.",
        "I ordered oak, I got walnut. Lovely, but not what I paid for 🙃",
        "please delete my account and all that you hold about me.",
        "the instructions for <product> are missing pages 3, 4 and 5.",
        "can somebody call me? +44 7700 900123, after 6 pm",
    ),
    phrases(
        "It is order <order>, in case that helps.",
        "Here is a photo of it 📷",
        "+44 7700 900456 is my number, any time after five.",
        "-- sent from my phone --",
        "The label says <product>, batch 12/B.",
        "Yes, that is right.",
        "No, I have tried that already: same result.",
        "I live in <city>, if it matters.",
        "It was £<money>, paid by card.",
        "Ok, and how long will that take?",
        'The driver said "not my problem", quote unquote.',
        "Tomorrow morning would suit me, the afternoon would not.",
        "=> see the screenshot I sent, it is all there",
    ),
    phrases("Anyone there?", "Hello??", "I am still waiting for an answer on <order>.", "Bump 🙂"),
    phrases("That is all, thanks!", "Perfect 👍", "ok", "Great, order <order> it is then."),
    (
        "",
        "",
        "",
        " Thanks!",
        " Thank you, Sam",
        " Cheers",
        " Please advise.",
        "\\n\\nRegards,\\nJo",
    ),
    phrases(
        "I am sorry about that, and I have found your order <order>. It leaves tomorrow.",
        "thank you for waiting: the refund of £<money> is on its way, allow 3 to 5 days.",
        "we have asked the carrier in <city> to try again on the next working day.",
        "good news, the <product> is back in stock, and I have put one aside for you.",
        "a spare part is on its way; you do not need to send the old one back.",
        "the invoice has been sent to the address on your account.",
        "you can return it within 30 days: print the label, drop it at any collection point.",
        "I have passed it on to our warehouse, and will write again by the <day>th.",
        "your address is changed. You will receive a new confirmation within the hour.",
        "that was our mistake, and here is a voucher of £<money> to make up for it.",
        "this is fixed now, could you try once more?",
    ),
    phrases(
        "could you tell me your order number, please?",
        "could you send a photo of the damage, and of the label on the box?",
        "which postcode is the delivery for?",
        "is it the <product> in oak, or the one in walnut?",
        "would the <day>th suit you?",
    ),
    phrases(
        "I am a virtual assistant. Could you give me your order number?",
        "Order <order> is on its way. Does that answer your question?",
        "Choose: 1 delivery, 2 returns, 3 something else",
        'You can follow your parcel in your account, under "My orders".',
        "I did not quite understand, could you say it in other words?",
        "Returns are free within 30 days 🙂",
    ),
    phrases(
        "Thanks for your message! We are closed now and will answer when we are back.",
        "We have received your message, and will be with you as soon as we can.",
    ),
    phrases(
        "Your order <order> is arriving today. Reply here if you need anything.",
        "There is a delay on the <product> range: our apologies, we will keep you posted.",
    ),
    phrases("How did we do? Rate us from 1 to 5: https://csat.example/<order>"),
    ("Quick and friendly, thank you", "Great, as always!", "Problem solved; very kind agent"),
    ("Too slow", 'I was told "tomorrow" three times', "No, my chair is still missing a leg"),
    "What could we do better?",
)

FRENCH = Bank(
    "fr",
    ("", "", "", "Bonjour, ", "Bonjour, ", "Bonsoir, ", "Salut ! ", "Bonjour à tous,\\n\\n"),
    phrases(
        "ma commande <order> n'est toujours pas arrivée, et le suivi ne bouge plus.",
        "le colis a été déposé sous la pluie. La chaise <product> est fichue 😡",
        "j'ai été débité deux fois de <money> €, merci de me rembourser.",
        "le site affiche « paiement refusé », pourtant ma banque dit que tout va bien.",
        "est-il possible de livrer plutôt à <city> ?",
        "il manque un pied à ma table <product>, et sur trois pieds, elle penche...",
        "le canapé <product> sera-t-il de nouveau en stock avant Noël ?",
        "vous alignez-vous sur les prix ? Je l'ai vu à <money> €, livraison comprise.",
        "comment renvoyer une lampe ?\n- achetée en ligne\n- carton ouvert\n- jamais utilisée",
        "le livreur a sonné une fois et il est reparti. Commande <order>.",
        "l'armoire <product> sent la colle, même après une semaine fenêtres ouvertes.",
        "il me faut une facture au nom de la société pour la commande <order>.",
        "mon bon d'achat affiche une erreur : =ERR(42). Que faire ?",
        "le magasin de <city> est-il ouvert dimanche ?",
        "l'appli me déconnecte dès que j'ouvre mon panier",
        "livraison prévue le <day>, personne n'est venu, personne n'a appelé.",
        "j'ai commandé du chêne, j'ai reçu du noyer. Joli, mais ce n'est pas ça 🙃",
        "merci de supprimer mon compte et toutes mes données.",
        "il manque les pages 3, 4 et 5 dans la notice <product>",
        "votre conseiller m'a dit \"je vous rappelle\" : c'était il y a <day> jours",
    ),
    phrases(
        "C'est la commande <order>, si cela peut aider.",
        "Voici une photo 📷",
        "+33 1 99 00 45 67, après 18 h.",
        "- envoyé de mon téléphone -",
        "L'étiquette indique <product>, lot 12/B.",
        "Oui, c'est bien ça.",
        "Non, j'ai déjà essayé : même résultat.",
        "J'habite à <city>, au troisième étage, sans ascenseur.",
        "J'ai payé <money> € par carte.",
        "D'accord, et combien de temps cela prendra-t-il ?",
        "Plutôt le matin, l'après-midi je ne suis pas là.",
        "=> voir la capture envoyée, tout y est",
        "Ça marche, merci à vous",
    ),
    phrases("Il y a quelqu'un ?", "Allô ??", "J'attends toujours pour la <order>.", "Up 🙂"),
    phrases("C'est tout, merci !", "Parfait 👍", "ok", "Super, donc la <order>."),
    (
        "",
        "",
        "",
        " Merci !",
        " Merci d'avance",
        " Cordialement, Dominique",
        "\\n\\nBien à vous,\\nC.",
    ),
    phrases(
        "je suis désolée, j'ai bien retrouvé votre commande <order> : elle part demain.",
        "merci de votre patience : le remboursement de <money> € est lancé, sous 3 à 5 jours.",
        "le transporteur de <city> repassera le prochain jour ouvré.",
        "bonne nouvelle, le modèle <product> est revenu, je vous en ai mis un de côté.",
        "la pièce est partie ; inutile de renvoyer l'ancienne.",
        "la facture vient d'être envoyée à l'adresse de votre compte.",
        "vous avez 30 jours pour le renvoyer : imprimez l'étiquette, déposez-le en point relais.",
        "j'ai transmis à l'entrepôt, et reviens vers vous d'ici le <day>.",
        "l'adresse est modifiée, une confirmation arrive dans l'heure.",
        "l'erreur vient de nous : voici un bon de <money> € pour nous faire pardonner.",
        "c'est corrigé, pouvez-vous essayer à nouveau ?",
    ),
    phrases(
        "pouvez-vous me donner votre numéro de commande, s'il vous plaît ?",
        "pouvez-vous m'envoyer une photo du dégât, et de l'étiquette du carton ?",
        "quel est le code postal de livraison ?",
        "s'agit-il du modèle <product> en chêne, ou en noyer ?",
        "le <day> vous conviendrait-il ?",
    ),
    phrases(
        "Je suis un assistant virtuel. Quel est votre numéro de commande ?",
        "La commande <order> est en route. Cela répond-il à votre question ?",
        "Choisissez : 1 livraison, 2 retour, 3 autre chose",
        "Le suivi se trouve dans votre compte, rubrique « Mes commandes ».",
        "Je n'ai pas bien compris, pouvez-vous reformuler ?",
        "Les retours sont gratuits pendant 30 jours 🙂",
    ),
    phrases(
        "Merci de votre message ! Nous sommes fermés, et vous répondrons à la réouverture.",
        "Votre message est bien arrivé, nous revenons vers vous au plus vite.",
    ),
    phrases(
        "Votre commande <order> arrive aujourd'hui. Une question ? Répondez ici.",
        "La gamme <product> a du retard : toutes nos excuses, nous vous tenons au courant.",
    ),
    phrases("Votre avis compte, de 1 à 5 : https://csat.example/<order>"),
    ("Rapide et aimable, merci", "Parfait, comme toujours !", "Problème réglé ; bravo"),
    ("Trop lent", 'On m\'a dit "demain" trois fois', "Non, il manque toujours un pied"),
    "Que pourrions-nous améliorer ?",
)

DUTCH = Bank(
    "nl",
    ("", "", "Hallo, ", "Goedendag, ", "Hoi! "),
    phrases(
        "mijn bestelling <order> is nog steeds niet geleverd.",
        "er ontbreekt een poot aan mijn tafel <product>, drie is te weinig.",
        "ik heb twee keer € <money> betaald, graag één keer terug.",
        "is de winkel in <city> zondag open?",
        "de chauffeur belde één keer aan en vertrok, bestelling <order>.",
        "hoe stuur ik een lamp terug?\nDoos open, niet gebruikt.",
        'de site zegt "betaling geweigerd", mijn bank zegt van niet',
        "komt de zetel <product> nog terug voor Kerstmis? 🎄",
    ),
    phrases(
        "Het gaat om bestelling <order>.",
        "Hier is een foto 📷",
        "Ja, dat klopt.",
        "Nee, dat heb ik al geprobeerd.",
        "Ik woon in <city>, derde verdieping.",
        "Oké, hoe lang duurt dat?",
    ),
    phrases("Is daar iemand?", "Ik wacht nog op antwoord over <order>."),
    phrases("Dat was het, dank u!", "Top 👍", "ok"),
    ("", "", " Bedankt!", " Alvast bedankt", "\\n\\nGroeten,\\nAn"),
    phrases(
        "sorry daarvoor, uw bestelling <order> vertrekt morgen.",
        "de terugbetaling van € <money> is onderweg, reken op 3 tot 5 dagen.",
        "goed nieuws, de <product> is terug in voorraad.",
        "u kunt het binnen 30 dagen terugsturen, met het label in de doos.",
        "ik heb het aan het magazijn doorgegeven, en laat iets weten voor de <day>e.",
    ),
    phrases(
        "mag ik uw bestelnummer, alstublieft?",
        "kunt u een foto van de schade sturen?",
        "past de <day>e voor u?",
    ),
    phrases(
        "Ik ben een virtuele assistent. Wat is uw bestelnummer?",
        "Kies: 1 levering, 2 retour, 3 iets anders",
        "Bestelling <order> is onderweg. Is dat wat u zocht?",
    ),
    phrases("Bedankt voor uw bericht! We zijn nu gesloten en antwoorden zodra we terug zijn."),
    phrases("Uw bestelling <order> komt vandaag. Vragen? Antwoord hier."),
    phrases("Wat vond u ervan, van 1 tot 5? https://csat.example/<order>"),
    ("Snel en vriendelijk", "Prima geholpen, dank u"),
    ("Veel te traag", "Nee, de poot ontbreekt nog altijd"),
    "Wat kunnen we beter doen?",
)

BANKS = {"e": ENGLISH, "f": FRENCH, "n": DUTCH}
