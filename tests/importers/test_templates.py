"""Template tags in imported texts: translated, taken out and told, or left alone."""

import time

import pytest

from blogapi.importers.templates import Dialect, to_markdown

JEKYLL = Dialect(
    liquid=True,
    site={
        "repository": "https://code.example/r",
        "author": {"name": "Ada"},
        "baseurl": "/blog",
        "url": "https://a.example",
    },
    page={"title": "Mine"},
    refer=lambda tag, target: {"2013-05-06-x": "x", "_posts/2013-05-06-x.md": "x"}.get(target),
)
ZOLA = Dialect(zola=True)
PLAIN = Dialect()


@pytest.mark.parametrize(
    ("liquid", "markdown"),
    [
        ("{% highlight ruby %}\nx = 1\n{% endhighlight %}\n", "```ruby\nx = 1\n```\n"),
        ("{%- highlight c++ linenos -%}\n  x\n{%- endhighlight -%}\n", "```c++\n  x\n```\n"),
        ("{% highlight %}x{% endhighlight %} and so on", "```\nx\n```\n and so on"),
        ("See {% highlight sh %}x{% endhighlight %}", "See \n```sh\nx\n```"),
        ("  {% highlight sh %}\n  x\n  {% endhighlight %}\n", "  ```sh\n  x\n  ```\n"),
        ("{% highlight md %}\n```\nx\n```\n{% endhighlight %}\n", "````md\n```\nx\n```\n````\n"),
        ("{% highlight md %}\n```\nx\n{% endhighlight %}\n{{ page.title }}", "````md\n```\nx\n````\nMine"),
        ("{% highlight sh %}\r\nx\r\n{% endhighlight %}\r\n", "```sh\r\nx\r\n```\r\n"),
        ("{% highlight liquid %}\n{% raw %}{{ x }}{% endraw %}\n{% endhighlight %}\n", "```liquid\n{{ x }}\n```\n"),
        ("```liquid\n{% raw %}\n{{ x }}\n{% endraw %}\n```\n", "```liquid\n\n{{ x }}\n\n```\n"),
        (
            "{% raw %}`{% post_url %}`{% endraw %} {% raw %}{{ site.url }}{% endraw %}",
            "`{% post_url %}` {{ site.url }}",
        ),
        ("{% codeblock lang:js %}\nx\n{% endcodeblock %}\n", "```js\nx\n```\n"),
        ("[a]({{ site.baseurl }}/a) [b]({{site.url}}/b)", "[a](/blog/a) [b](https://a.example/b)"),
        ("[{{ site.url }}]({{ site.baseurl }}/a)", "[https://a.example](/blog/a)"),
        ("[a]({{ site.url | append: site.baseurl }}/a)", "[a](https://a.example/blog/a)"),
        (
            "[a]({{ \"/docs/a\" | relative_url }}) ({{ 'b' | absolute_url }})",
            "[a](/blog/docs/a) (https://a.example/blog/b)",
        ),
        ("{{ 'https://b.example/' | relative_url }} {{ '#x' | absolute_url }}", "https://b.example/ #x"),
        (
            "![a]({{ '/a.png' | prepend: site.baseurl | prepend: site.url }})",
            "![a](https://a.example/blog/a.png)",
        ),
        ("[a]({{ '/posts/x/' | url }})", "[a](/posts/x/)"),
        ("({{ site.repository }}/issues) by {{ site.author.name }}", "(https://code.example/r/issues) by Ada"),
        ("{{ page.title | upcase }}", "MINE"),
        ("[a]: {% post_url 2013-05-06-x %}", "[a]: x"),
        ("[a]({{ site.baseurl }}{% post_url 2013-05-06-x %}#b)", "[a](x#b)"),
        ("[a]({{ site.url }}{{ site.baseurl }}{% post_url 2013-05-06-x %}#b)", "[a](x#b)"),
        ("({% link\n_posts/2013-05-06-x.md %}#a)", "(x#a)"),
        ("{% post_link 2013-05-06-x 'A title' %}", "[A title](x)"),
        ("{% include figure.html src='/a.png' alt='A' caption='B *c*' %}", "![A](/a.png)\\\nB *c*"),
        ('{% include image.html url="{{ site.baseurl }}/a.png" %}', "![](/blog/a.png)"),
        ("{% asset_img a.png A caption %}", "![A caption](a.png)\\\nA caption"),
        ("{% youtube dQw4w9WgXcQ %}", "<https://www.youtube.com/watch?v=dQw4w9WgXcQ>"),
        ("{% include youtube.html id='dQw4w9WgXcQ' %}", "<https://www.youtube.com/watch?v=dQw4w9WgXcQ>"),
        ("{% gist ada/12ab %}", "<https://gist.github.com/ada/12ab>"),
    ],
)
def test_liquid_becomes_markdown(liquid, markdown):
    body, notes = to_markdown(liquid, JEKYLL)
    assert body == markdown
    assert notes


@pytest.mark.parametrize(
    ("liquid", "left"),
    [
        ("a{% include share.html %}b", "ab"),
        ("a {{ content | nonsense }}{{closure}} b", "a  b"),
        ("{% assign x = 1 %}a{% if x %}b{% else %}c{% endif %}", "a"),
        ("a{% for p in site.posts %}* {{ p.title }}{% endfor %}b", "ab"),
        ("a{% comment %}secret{% endcomment %}b", "ab"),
        ("a{# hidden #}b", "ab"),
        ("{% raw %} never closed", " never closed"),
        ("{% highlight ruby %} never closed", " never closed"),
    ],
)
def test_what_has_no_equivalent_is_taken_out_and_told(liquid, left):
    body, notes = to_markdown(liquid, JEKYLL)
    assert body == left
    assert notes
    assert all(note.startswith("taken out: {") and note.endswith("(line 1)") for note in notes)


@pytest.mark.parametrize(
    ("liquid", "left"),
    [
        ('{% if jekyll.environment == "development" %}NO{% else %}yes{% endif %}', "yes"),
        ('{%- if jekyll.environment != "production" -%}NO{%- endif -%}', ""),
        ('{% unless jekyll.environment == "production" %}NO{% else %}yes{% endunless %}', "yes"),
        ("{% if eleventy.env.runMode == 'serve' %}NO{% elsif eleventy.env.runMode == 'build' %}yes{% endif %}", "yes"),
        ("{% if false %}NO{% endif %}a{% unless true %}NO{% endunless %}b", "ab"),
        ("{% if nil or false %}NO{% endif %}{% if true and not false %}yes{% endif %}", "yes"),
        ("{% if unknown %}NO{% else %}NO{% endif %}", ""),
        ("{% if page.nothing %}NO{% endif %}{% if page.title == 'Mine' %}yes{% endif %}", "yes"),
        ("{% if page.title and unknown %}NO{% endif %}{% if page.title or unknown %}yes{% endif %}", "yes"),
        (
            "{% if true %}a{% if false %}NO{% else %}b{% endif %}c{% else %}NO{% if x %}NO{% endif %}NO{% endif %}d",
            "abcd",
        ),
        ("{% if true %}{% for a in b %}x{% else %}y{% endfor %}a{% else %}NO{% endif %}b", "ab"),
        ("{% if false %}NO {% raw %}{% endif %}{% endraw %} NO{% endif %}a", "a"),
        ("{% if false %}NO\n\n```\n{% endif %}\n```\n\nNO{% endif %}a", "a"),
        ("{% highlight sh %}`{% endhighlight %} {% if false %}NO{% endif %}`", "```sh\n`\n```\n `"),
        ("{% if true %}a{% if false %}NO{% endif", "aNO{% endif"),
        ("a{% private %}NO{% endprivate %}b", "ab"),
    ],
)
def test_only_what_readers_saw_of_a_condition_is_shown(liquid, left):
    body, notes = to_markdown(liquid, JEKYLL)
    assert body == left
    assert any(note.startswith("taken out: {%") for note in notes)


def test_a_note_shows_what_a_condition_hid():
    assert to_markdown("a {% if x %}b{% else %}c{% endif %}", JEKYLL)[1] == (
        "taken out: {% if x %}b{% else %}c{% endif %} (line 1)",
    )


@pytest.mark.parametrize(
    ("text", "left", "dialect"),
    [
        ("a{{< comment >}}NO{{< /comment >}}b", "ab", PLAIN),
        ("a{{% comment %}}NO {{< x >}}{{% /comment %}}b", "ab", PLAIN),
        ("a{{< Private >}}NO{{< private >}}NO{{< /private >}}NO{{< /private >}}b", "ab", PLAIN),
        ("a{{< members-only >}}NO{{< secret / >}}NO{{< /members-only >}}b{{< todo />}}c", "abc", PLAIN),
        ("a{{< secret >}}NO{{< todo >}}NO{{< /secret >}}b{{< /todo >}}", "ab", PLAIN),
        ("a{{< draft >}}b", "ab", PLAIN),
        ("a{% secret() %}NO{% quote() %}NO{% end %}NO{% end %}b", "ab", ZOLA),
        ("{% quote() %}a{% hidden(x=1) %}NO{% end %}b{% end %}", "ab", ZOLA),
    ],
)
def test_what_a_tag_hides_is_not_shown(text, left, dialect):
    body, notes = to_markdown(text, dialect)
    assert body == left
    assert all(note.startswith("taken out: {") for note in notes)


@pytest.mark.parametrize("dialect", [JEKYLL, ZOLA, PLAIN])
@pytest.mark.parametrize(
    "body",
    [
        '```\n{{ site.url }} {% include x %} {{< figure src="a" >}}\n```\n',
        "~~~liquid\n{% for a in b %}\n~~~\n",
        "`{{ x }}` and ``{% y ` %}``",
        "text\n\n    {{ indented }}\n",
        "$\\frac{{a}}{{b}}$ and $${{x}} {% y %}$$ and \\({{a}}\\)",
        "$$\n{{a}}\n\n{{b}}\n$$\n",
        "> ```\n> {{ x }}\n> ```\n",
        "100 % { % } {% and {{",
        "<pre>\n{{ x }}\n\n{{ y }}\n</pre>\n",
    ],
)
def test_code_and_formulas_stay(dialect, body):
    assert to_markdown(body, dialect) == (body, ())


@pytest.mark.parametrize("body", ["{{closure}} {% for a in b %} {{ x | y }}", "{{ page.title }}"])
def test_other_generators_show_liquid_as_it_was_typed(body):
    assert to_markdown(body, PLAIN) == (body, ())


@pytest.mark.parametrize(
    ("shortcode", "markdown"),
    [
        ('{{< figure src="a.png" alt="A" caption="B" >}}', "![A](a.png)\\\nB"),
        ('{{< figure src="a b.png" title="T" />}}', "![T](<a b.png>)\\\nT"),
        ('{{< figure src="a.png" link="/x" >}}', "[![](a.png)](/x)"),
        ('{{< highlight go "linenos=table" >}}\nx := 1\n{{< /highlight >}}\n', "```go\nx := 1\n```\n"),
        ("{{< youtube w7Ft2ymGmfc >}}", "<https://www.youtube.com/watch?v=w7Ft2ymGmfc>"),
        ('{{< youtube id="w7Ft2ymGmfc" autoplay="true" >}}', "<https://www.youtube.com/watch?v=w7Ft2ymGmfc>"),
        ("{{< gist spf13 7896402 >}}", "<https://gist.github.com/spf13/7896402>"),
        (
            '{{< x user="SanDiegoZoo" id="1453110110599868418" >}}',
            "<https://twitter.com/SanDiegoZoo/status/1453110110599868418>",
        ),
        ("{{% notice tip %}}Keep **this**.{{% /notice %}}", "Keep **this**."),
        ("a{{< unknown >}}b", "ab"),
        ('{{</* figure src="x" */>}}', '{{< figure src="x" >}}'),
        ("```\n{{</* x */>}}\n```\n", "```\n{{< x >}}\n```\n"),
    ],
)
def test_shortcode_of_hugo_becomes_markdown(shortcode, markdown):
    body, notes = to_markdown(shortcode, PLAIN)
    assert body.replace("{{<  ", "{{< ") == markdown or body == markdown
    assert notes


@pytest.mark.parametrize(
    ("shortcode", "markdown"),
    [
        ('{{ youtube(id="dQw4w9WgXcQ") }}', "<https://www.youtube.com/watch?v=dQw4w9WgXcQ>"),
        ('{{ figure(src="a.png", caption="B") }}', "![B](a.png)\\\nB"),
        ('{% quote(author="A") %}Said.{% end %}', "Said."),
        ("{{ page.title }} {{ x }}", "{{ page.title }} {{ x }}"),
    ],
)
def test_shortcode_of_zola_becomes_markdown(shortcode, markdown):
    assert to_markdown(shortcode, ZOLA)[0] == markdown


def test_notes_name_what_and_the_lines_of_the_file():
    body = "a\n{% include c %}\n\n{% raw %}a{% endraw %}\n{% include c %}\n"
    assert to_markdown(body, JEKYLL, first_line=5)[1] == (
        "taken out: {% include c %} (lines 6, 9)",
        "raw markers removed (line 8)",
    )


SHAPES = [
    "{% ",
    "{{ ",
    "{{< ",
    "{% raw %}",
    "{% highlight x %}",
    "{{< highlight x >}}",
    "{% if a %}{% else %}",
    "{{'a'|",
    "endraw",
]
SHAPES += ["{% raw %}```\n{% endraw %}", "{{</*", "`{{", "$a{{", '{% x a="', "{# ", "[a]({{ x }})", "{% for %}endfor"]


@pytest.mark.parametrize("shape", SHAPES)
def test_twice_the_text_costs_about_twice_the_time(shape):
    """In the time of this process alone, the best of three, and with a wide margin: a square would be four times."""

    def seconds(size):
        body = shape * (size // len(shape))
        began = time.process_time()
        to_markdown(body, JEKYLL)
        return time.process_time() - began

    small, large = (min(seconds(size) for _ in range(3)) for size in (10_000, 40_000))
    assert large < 0.1 + 8 * small
