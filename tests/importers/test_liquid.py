import pytest

from blogapi.importers.liquid import to_markdown


@pytest.mark.parametrize(
    ("liquid", "markdown"),
    [
        ("{% highlight ruby %}\nx = 1\n{% endhighlight %}\n", "```ruby\nx = 1\n```\n"),
        ("{%- highlight c++ linenos -%}\n  x\n{%- endhighlight -%}\n", "```c++\n  x\n```\n"),
        ("{% highlight %}x{% endhighlight %} and so on", "```\nx\n```\n and so on"),
        ("See {% highlight sh %}x{% endhighlight %}", "See \n```sh\nx\n```"),
        ("  {% highlight sh %}\n  x\n  {% endhighlight %}\n", "  ```sh\n  x\n  ```\n"),
        ("{% highlight md %}\n```\nx\n```\n{% endhighlight %}\n", "````md\n```\nx\n```\n````\n"),
        ("{% highlight sh %}\r\nx\r\n{% endhighlight %}\r\n", "```sh\r\nx\r\n```\r\n"),
        ("{% highlight liquid %}\n{% raw %}{{ x }}{% endraw %}\n{% endhighlight %}\n", "```liquid\n{{ x }}\n```\n"),
        (
            "{% raw %}`{% post_url %}`{% endraw %} {% raw %}{{ site.url }}{% endraw %}",
            "`{% post_url %}` {{ site.url }}",
        ),
        ("[a]({{ site.baseurl }}/a) [b]({{site.url}}/b)", "[a](/a) [b](/b)"),
        ("[a]({{ site.url | append: site.baseurl }}/a)", "[a](/a)"),
        ("[a]({{ \"/docs/a\" | relative_url }}) ({{ '/b' | absolute_url }})", "[a](/docs/a) (/b)"),
        ("![a]({{ '/a.png' | prepend: site.baseurl | prepend: site.url }})", "![a](/a.png)"),
        ("[a]: {% post_url 2013-05-06-jekyll-1-0-0-released %}", "[a]: jekyll-1-0-0-released"),
        ("({% post_url news/2013-05-06-Some_Title %})", "(some-title)"),
        ("({% link\n_posts/2013-05-06-x.md %}#a)", "(x#a)"),
    ],
)
def test_tag_becomes_markdown(liquid, markdown):
    assert to_markdown(liquid)[0] == markdown


@pytest.mark.parametrize(
    "body",
    [
        "{% for a in b %}{{ a }}{% endfor %}",
        "({{ site.repository }}/issues)",
        "({% link _docs/history.md %})",
        "({% post_url not-dated %})",
        "{% include x.html a='{{ b }}' %}",
        "{% raw %} never closed {{ site.url }}",
        "{% highlight ruby %} never closed",
        "{% endraw %} {% endhighlight %}",
        "{{closure}} 100 % { % } {%",
    ],
)
def test_everything_else_stays(body):
    assert to_markdown(body)[0] == body


def test_what_was_done_is_told():
    body = "{% raw %}a{% endraw %}{% raw %}b{% endraw %}{{ site.url }}{% include c %}"
    assert to_markdown(body)[1] == (
        "Liquid: raw markers removed (2)",
        "Liquid: site addresses removed (1)",
        "Liquid: tags left as they are (1)",
    )


def test_text_without_tags_is_told_nothing_of():
    assert to_markdown("Text") == ("Text", ())
