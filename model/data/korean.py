"""A small grammar of Korean sentences, since no free Korean text ships with our dependencies.

Particles depend on the last syllable: a final consonant takes 은, 이, 을 and 과, a vowel 는, 가, 를
and 와. The sentences are our own and in the public domain (CC0).
"""

from __future__ import annotations

import random

from model.tasks.problem import Split, split_of

PEOPLE = [
    "어머니",
    "아버지",
    "할머니",
    "할아버지",
    "동생",
    "언니",
    "형",
    "누나",
    "친구",
    "선생님",
    "학생",
    "이웃",
    "의사",
    "농부",
    "어부",
    "화가",
    "작가",
    "기자",
    "요리사",
    "상인",
]
PLACES = [
    "학교",
    "시장",
    "도서관",
    "바닷가",
    "산",
    "들판",
    "공원",
    "마을",
    "도시",
    "부엌",
    "마당",
    "역",
    "병원",
    "가게",
    "강가",
    "숲",
    "섬",
    "다리",
    "교실",
    "박물관",
]
THINGS = [
    "책",
    "편지",
    "사진",
    "그림",
    "노래",
    "이야기",
    "사과",
    "빵",
    "물",
    "차",
    "꽃",
    "나무",
    "모자",
    "우산",
    "가방",
    "시계",
    "의자",
    "종이",
    "열쇠",
    "구두",
]
ANIMALS = ["고양이", "강아지", "새", "말", "소", "토끼", "나비", "물고기", "여우", "사슴"]
TIMES = [
    "아침에",
    "저녁에",
    "오늘",
    "어제",
    "내일",
    "봄에",
    "여름에",
    "가을에",
    "겨울에",
    "밤마다",
    "주말에",
    "오래전에",
]
MANNERS = ["천천히", "조용히", "빨리", "함께", "혼자", "자주", "가끔", "기쁘게", "열심히", "다시"]
SEES = [
    "보았다",
    "찾았다",
    "샀다",
    "그렸다",
    "들었다",
    "가져왔다",
    "잃어버렸다",
    "나누었다",
    "기다렸다",
    "만들었다",
]
MOVES = ["갔다", "왔다", "걸어갔다", "돌아왔다", "달려갔다", "떠났다", "도착했다"]
STATES = [
    "아름답다",
    "조용하다",
    "넓다",
    "작다",
    "따뜻하다",
    "시원하다",
    "멀다",
    "가깝다",
    "새롭다",
    "오래되었다",
]
SAYS = ["말했다", "물었다", "대답했다", "속삭였다", "외쳤다"]
LINKS = ["그리고", "그래서", "그러나", "그때", "한편", "그런데", "마침내"]


def particle(noun: str, closed: str, open_: str) -> str:
    """The noun with the particle that its last syllable takes."""
    has_final = (ord(noun[-1]) - 0xAC00) % 28 != 0
    return noun + (closed if has_final else open_)


def sentence(rng: random.Random) -> str:
    """One sentence, in one of seven patterns."""
    pick = rng.choice
    who, thing = pick(PEOPLE + ANIMALS), pick(THINGS)
    topic = particle(who, "은", "는")
    kind = rng.randrange(7)
    if kind == 0:
        text = (
            f"{pick(TIMES)} {topic} {pick(PLACES)}에서 {particle(thing, '을', '를')} {pick(SEES)}."
        )
    elif kind == 1:
        text = f"{topic} {pick(MANNERS)} {pick(PLACES)}에 {pick(MOVES)}."
    elif kind == 2:
        text = f"{particle(pick(PLACES), '이', '가')} {pick(STATES)}."
    elif kind == 3:
        friend = particle(pick(PEOPLE), "과", "와")
        text = f"{topic} {friend} {pick(PLACES)}에서 {particle(thing, '을', '를')} {pick(SEES)}."
    elif kind == 4:
        text = (
            f"{topic} {pick(PEOPLE)}에게 {particle(thing, '이', '가')} 어디에 있는지 {pick(SAYS)}."
        )
    elif kind == 5:
        place, other = pick(PLACES), pick(THINGS)
        text = f"{place}에는 {particle(thing, '과', '와')} {particle(other, '이', '가')} 있다."
    else:
        text = f"{pick(TIMES)} {particle(pick(PLACES), '은', '는')} {pick(STATES)}."
    return text


def document(rng: random.Random, split: Split, sentences: int) -> str:
    """A paragraph whose sentences all belong to one split."""
    chosen: list[str] = []
    while len(chosen) < sentences:
        text = sentence(rng)
        if split_of(f"korean:{text}") == split:
            link = f"{rng.choice(LINKS)} " if rng.random() < 0.2 else ""
            chosen.append(link + text)
    return " ".join(chosen)
