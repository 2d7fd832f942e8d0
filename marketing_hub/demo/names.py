"""First and last names by language, for invented people: common ones, in Latin script."""

from typing import NamedTuple


class Names(NamedTuple):
    """What a person who speaks a language may be called."""

    first: tuple[str, ...]
    last: tuple[str, ...]


def _names(first: str, last: str) -> Names:
    return Names(tuple(first.split()), tuple(last.split()))


NAMES: dict[str, Names] = {
    "en": _names(
        "Amelia Olivia Isla Ava Ivy Freya Lily Florence Mia Willow Grace Emily Sophie Alice Daisy Evelyn Priya Aisha "
        "Noah Oliver George Arthur Leo Harry Oscar Henry Theo Jack Thomas James William Alfie Samuel Joseph Arjun Omar",
        "Smith Jones Taylor Brown Williams Wilson Johnson Davies Robinson Wright Thompson Evans Walker White Roberts "
        "Green Hall Wood Jackson Clarke Patel Khan Lewis James Phillips Mason Mitchell Rose Davis Rodgers Cooper "
        "Ward Turner Baker Morris Bennett Shaw Murphy Kelly Begum Okafor Singh",
    ),
    "de": _names(
        "Emma Hannah Mia Lina Clara Greta Jürgen Paul Jonas Felix Max Anton Lukas Käthe Ayşe Elif",
        "Müller Schmidt Schneider Fischer Weber Meyer Wagner Becker Schulz Hoffmann Koch Bauer Groß Krüger Yılmaz",
    ),
    "fr": _names(
        "Louise Jade Chloé Inès Léa Zoé Camille Gabriel Raphaël Louis Jules Hugo Théo Noël Amina Karim",
        "Martin Bernard Dubois Thomas Robert Petit Durand Leroy Moreau Lefèvre Girard Benoît Diallo Nguyen Gauthier",
    ),
    "es": _names(
        "Lucía Sofía Martina Carmen Elena Hugo Mateo Martín Pablo Álvaro Iker José",
        "García Rodríguez González Fernández López Martínez Sánchez Pérez Gómez Muñoz Ibáñez Núñez",
    ),
    "pt": _names(
        "Maria Leonor Matilde Beatriz Inês João Tiago Duarte Miguel Afonso", "Silva Santos Ferreira Pereira Costa Sá"
    ),
    "it": _names(
        "Giulia Sofia Aurora Chiara Elisa Leonardo Lorenzo Matteo Niccolò", "Rossi Russo Ferrari Bianchi Romano Greco"
    ),
    "nl": _names(
        "Emma Julia Sanne Fleur Noor Daan Sem Bram Lars Youssef", "Jansen Bakker Visser Smit Mulder Peeters Maes Claes"
    ),
    "nb": _names("Nora Ingrid Sølvi Astrid Jakob Håkon Øyvind Lars", "Hansen Johansen Olsen Larsen Bjørnstad Ødegård"),
    "sv": _names("Alice Maja Elsa Åsa Lucas Hugo Björn Nils", "Andersson Johansson Nilsson Lindström Åberg Söderberg"),
    "da": _names("Ida Freja Karen Søren Mikkel Anders Jørgen", "Nielsen Jensen Hansen Møller Sørensen Østergaard"),
    "fi": _names("Aino Helmi Sofia Eero Väinö Mikko Jyrki", "Korhonen Virtanen Mäkinen Nieminen Hämäläinen"),
    "is": _names("Guðrún Anna Katrín Jón Sigurður Þór", "Jónsdóttir Jónsson Ólafsdóttir Þórsson"),
    "pl": _names("Zofia Agnieszka Małgorzata Łukasz Jakub Michał", "Nowak Kowalski Wiśniewska Wójcik Dąbrowska Żak"),
    "cs": _names("Eliška Anna Tereza Jan Jiří Tomáš", "Novák Svoboda Dvořák Černá Procházka"),
    "lt": _names("Emilija Austėja Rūta Jonas Lukas Žygimantas", "Kazlauskas Petrauskas Jankauskaitė Žukauskas"),
    "el": _names("Maria Eleni Katerina Giorgos Nikos Dimitris", "Papadopoulos Nikolaou Georgiou Ioannou"),
    "mt": _names("Maria Rita Ġorġa Joseph Karmenu", "Borg Camilleri Vella Farrugia"),
    "he": _names("Noa Tamar Yael David Ari Eitan", "Cohen Levi Mizrahi Peretz"),
    "ar": _names("Fatima Layla Mariam Omar Yusuf Hassan", "Haddad Khoury Al-Saleh Nasser Mansour"),
    "ja": _names("Hana Yui Sakura Haruto Ren Kenji", "Sato Suzuki Takahashi Tanaka Watanabe"),
    "zh": _names("Mei Ling Hui Wei Jun Ming", "Wong Chan Lee Tan Lim Ng"),
}
