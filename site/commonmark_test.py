"""Texts as repositories show them come out as Python-Markdown must be given them."""

import unittest

import markdown

from commonmark import as_python_markdown, outside_code


def html(text: str) -> str:
    made = markdown.markdown(as_python_markdown(text), extensions=["tables", "pymdownx.superfences"])
    return "".join(line.strip() for line in made.split("\n"))


class CommonMark(unittest.TestCase):
    def test_a_list_may_follow_a_text_at_once(self):
        self.assertIn("<p>Holds:</p><ul><li>one</li><li>two</li></ul>", html("Holds:\n- one\n- two\n"))

    def test_a_fence_belongs_to_the_entry_above_it(self):
        made = html("1. Stop:\n\n   ```\n   a\n     b\n   ```\n2. Start\n")
        self.assertEqual(made.count("<ol>"), 1, made)
        self.assertIn("</pre></div></li><li>", made)
        self.assertIn("\n    a\n      b\n", as_python_markdown("1. Stop:\n\n   ```\n   a\n     b\n   ```\n"))

    def test_an_entry_goes_on_below(self):
        made = html("- one\n  goes on\n- two\n\n  more of two\n\nafter\n")
        self.assertIn("goes on", made.split("</li>")[0])
        self.assertIn("more of two", made.split("</ul>")[0])
        self.assertIn("<p>after</p>", made.split("</ul>")[1])

    def test_lists_stand_in_lists(self):
        made = html("- one\n  - inner\n    - innermost\n- two\n")
        self.assertEqual(made.count("<ul>"), 3, made)

    def test_a_line_that_begins_with_a_number_in_a_text_is_text(self):
        self.assertNotIn("<ol>", html("It has\n2026 numbers.\n"))

    def test_code_is_left_alone(self):
        text = "`[a](b)` [c](d)\n```\n[e](f)\n- g\n```\n[`h`](i)\n"
        changed = outside_code(text, lambda part: part.replace("](", "](x/"))
        self.assertEqual(changed, "`[a](b)` [c](x/d)\n```\n[e](f)\n- g\n```\n[`h`](x/i)\n")

    def test_tables_survive(self):
        self.assertIn("<td>1</td>", html("Text.\n\n| a |\n|---|\n| 1 |\n"))


if __name__ == "__main__":
    unittest.main(verbosity=0)
