import pytest

from blogapi.importers.languages import Languages


@pytest.mark.parametrize(
    ("file", "name", "lang"),
    [
        ("hello.fr.md", "hello", "fr"),
        ("hello.pt-BR.md", "hello", "pt-BR"),
        ("hello.zh_Hant.md", "hello", "zh-Hant"),
        ("hello.zh-hans.md", "hello", "zh-Hans"),
        ("hello.SR-LATN.md", "hello", "sr-Latn"),
        ("hello.zh-hant-tw.md", "hello", "zh-Hant-TW"),
        ("hello.ES.md", "hello", "es"),
        ("hello.no-meat.md", "hello.no-meat", None),
        ("content/ZH-Hans/a.md", "a", "zh-Hans"),
        ("content/my-post/a.md", "a", None),
        ("index.de.md", "index", "de"),
        ("ciao.it.md", "ciao", "it"),
        ("node.js.md", "node.js", None),
        ("crates.io.md", "crates.io", None),
        ("version-1.2.md", "version-1.2", None),
        ("content/fr/a.md", "a", "fr"),
        ("_i18n/de/_posts/a.md", "a", "de"),
        ("content/posts/fr/a.md", "a", "fr"),
        ("content/it/a.md", "a", None),
        ("deep/below/fr/a.md", "a", None),
    ],
)
def test_language_is_found_where_it_is_certain(file, name, lang):
    tongue = Languages([file]).of(file)
    assert (tongue.name, tongue.lang) == (name, lang)


def test_doubtful_code_counts_beside_a_certain_one():
    languages = Languages(["content/it/a.md", "content/fr/a.md", "b.cs.md", "b.md"])
    assert [languages.of(file).lang for file in ("content/it/a.md", "b.cs.md")] == ["it", "cs"]


@pytest.mark.parametrize(
    ("files", "main"),
    [
        (["p/index.de.md", "p/index.md"], "p/index.md"),
        (["p/index.de.md", "p/index.en.md"], "p/index.en.md"),
        (["content/fr/p.md", "content/en/p.md"], "content/en/p.md"),
        (["content/fr/p.md", "content/p.md"], "content/p.md"),
        (["p.es.md", "p.fr.md"], "p.es.md"),
    ],
)
def test_one_of_the_languages_of_a_work_has_the_plain_address(files, main):
    languages = Languages(files)
    tongues = {file: languages.of(file) for file in files}
    assert len({tongue.work for tongue in tongues.values()}) == 1
    assert all(tongue.has_others for tongue in tongues.values())
    assert [file for file, tongue in tongues.items() if tongue.is_main] == [main]


def test_two_files_of_one_language_are_two_works():
    assert not Languages(["a.md", "a.markdown"]).of("a.md").has_others
