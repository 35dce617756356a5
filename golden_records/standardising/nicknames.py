"""Short and pet forms of given names, in French, English, German, Spanish and Italian. Standard library only."""

from collections.abc import Mapping
from typing import Final

# full names: their short forms. A short form may stand for several names; every name here is folded.
_TABLE: Final = """
alexandre alexander alexandra alejandro alessandro: alex al sandy sacha sasha xander alec sandra ale
alfred: alf fred freddy
andre andrew andreas andrea andrei: andy drew dre andi
angela angelique angeline: angie
anne anna annie hannah: nan nancy annie anouk anja anni
anthony antoine antonio anton antonia: tony toni toine tonio
barbara: barb babs babette barbie
bartholomew barthelemy: bart
beatrice beatrix: bea trixie
benjamin benedict benoit: ben benny benji
bernard bernhard bernadette: bernie bernd nanou
caroline carolina karoline: caro carol carrie line
catherine katharina katherine kathleen caterina: cathy kathy kate katie cat kat kathrin katja trina rina
charles karl carlos charlotte: charlie chuck carl charly lotte lola
christian christophe christopher christoph christina christine christelle: chris kris christie tina kit topher chrissy
claude claudia claudine: claudie clo
clement clementine clemence: clem
cynthia: cindy
daniel daniele danielle daniela: dan danny dani
david: dave davy
deborah: deb debbie
delphine: delph fifine
dominique dominic dominik: dom domi nick
donald: don donny
dorothee dorothy dorothea: dot dottie doro thea
edouard edward eduard eduardo edmond edmund edgar edwin: ed eddie eddy ted teddy ned doudou
eleonore eleanor helene helen helena elena: ellie nell nelly lena leni nora
elisabeth elizabeth elisabetta isabelle isabella isabel: lisa liz lizzie beth betty eliza babette lisbeth isa bella
elisabeth elizabeth elsbeth: elsa else sissi
emmanuel emmanuelle manuel manuela: manu manny
emile emilie emily emilia: milie em mimi emmy
eric erik erich frederic frederick friedrich federico: ric rick fred freddy fritz fredo rico
eugene eugenie: gene
evelyne evelyn: eve evy
ferdinand fernando fernand: ferdi nando
florence florian florent: flo florie
francois francis francoise franz francesco francisco frances: fran franck frank francky paco pancho fanny cesco
gabriel gabrielle gabriela: gab gaby gabe
georges george georg giorgio jorge: jojo georgie joerg jurgen
gerard gerald gerhard: gerry jerry gege gerd
gilbert: gil bert
gregoire gregory gregor: greg
guillaume william wilhelm guglielmo guillermo: will bill billy willy willi guy guigui liam wim
gustave gustav: gus
guenter guenther gunter gunther: gunni
harold harald harry: hal
henri henry heinrich enrico enrique heinz: harry hank riton heiner quique
herve: vever
hubert: hub bert
hugo hugues hugh: huey
ignace ignacio ignatius: nacho iggy
jacques james jakob jacob giacomo jaime: jack jim jimmy jamie jake jacquot jacky jay
jacqueline: jackie jacky
jean john johann johannes juan giovanni joao: jack johnny jon jeannot hans hannes johan gianni jo
jean-pierre: jp j-p jean-pi
jean-claude: jc
jean-francois: jf jeff
jean-philippe: jp
jean-michel: jm
jean-marie: jm
jean-luc: jl
jeanne joan joanna johanna jane: janie hanna jo jeannette
jennifer: jen jenny jenn
jerome: jerry
jessica: jess jessie
joachim joaquin: jo joschi
jonathan: jon jonny nathan
joseph josephine jose josef giuseppe: joe jo joey sepp pepe pep beppe josie jojo fine
judith: judy
julien julian julie julia julius juliette: jules jul juju
justin justine: juju
kenneth: ken kenny
kimberly: kim
klaus nicolas nicholas nikolaus nicola nicole: nico nick klaus nicky niko claus coco niklas
laurent laurence lorenz lawrence lorenzo laura: larry laure lo lolo lars renzo laurie
leonard leonhard leonardo leon: leo len lenny
louis ludwig luis luigi louise louisa: lou lulu louie lui gigi loulou wiggerl
lucien lucie lucas lukas luke luca: lulu luc lucky
madeleine magdalena: mado maddie lena madel
marcel marcello: marcello cello
margaret marguerite margarethe margarita margot: meg peggy maggie marge greta grete gretel rita daisy gretchen madge
marie mary maria mariana marion: mimi molly polly mia marietta manon
martin martine martina: marty tina tinou
mathieu matthieu matthew matthias matthaeus matteo mateo: matt mat matty mathis matze hias teo
maurice moritz: momo
maximilien maximilian maxime maxwell massimo: max maxi
melanie: mel mela melly
michel michael miguel michele michelle mikhail: mike mick micky mickey michou michi mich misha mikey shelly
nathalie natalie natalia natasha: nat nath nathy tasha natty
nathaniel nathan: nat nate
olivier oliver olivia: oli olli ollie liv
pascal pascale: pasc
patricia patrick patrice patrizia: pat patty trish paddy tricia patou patsy
paul paula pauline pablo paolo: polo popaul
pedro pierre peter pietro petra: pete pierrot piero pit pierro
philippe philip philipp felipe filippo phillip: phil philou pip flip
raphael rafael raffaele: raph rafa raf
raymond raimund ramon: ray ramon
rebecca: becky becca
reinhard: reini
richard riccardo ricardo: rick dick ricky rich richie
robert roberto robin: rob bob bobby robbie bert bertie
roger rudiger: rog
roland rolando: rolli
ronald: ron ronnie
rudolf rodolphe rudolph: rudi rudy
samuel samantha samson: sam sammy
sebastien sebastian sebastiano: seb basti bastien bastian
serge sergei sergio: sergio
simon simone: sim
sophie sophia sofia: sof sophy fifi sonia
stanislas stanislaus: stan
stephane stephanie stephen steven stefan stefanie etienne stefano esteban: steph steve stevie stef fanny steffi steffen
susanne suzanne susan susanna: sue susie suzy suzie suse sanne
sylvie silvia sylvain sylvia: syl
terence teresa therese theresa: terry tess tessa resi
theodore theodor theo theodora: ted teddy theo doro
thibault thibaut theobald: thib titi
thomas tommaso tomas: tom tommy toto
timothee timothy: tim timmy
tobias toby: tobi
ulrich ulrike ulrika: uli ulli rike
valentin valentine valerie: val vava valou
veronique veronika veronica: vero vroni ronnie
victor victoria viktor viktoria vittorio: vic vicky vickie tori
vincent vincenzo vicente: vince vinny vinz enzo
virginie virginia: ginny virg gini
viviane vivian vivienne: viv vivi
waltraud walter: walt traudl walti wally
wolfgang: wolf wolfi
xavier javier: xav javi
yves yvonne yvette: yvon vonni
zacharie zachary: zach zak zack
"""


def _read(table: str) -> Mapping[str, frozenset[str]]:
    names: dict[str, set[str]] = {}
    for line in table.strip().splitlines():
        full, short = line.split(":")
        for nickname in short.split():
            names.setdefault(nickname.replace("-", " "), set()).update(name.replace("-", " ") for name in full.split())
    return {nickname: frozenset(stands_for) for nickname, stands_for in names.items()}


NICKNAMES: Final[Mapping[str, frozenset[str]]] = _read(_TABLE)
"""Folded short form -> the folded names it may stand for; names of one line are also forms of each other abroad."""
