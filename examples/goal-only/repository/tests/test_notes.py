import tempfile
import unittest
from pathlib import Path

from notes import lines, load, main, save


class TestNotes(unittest.TestCase):
    def setUp(self):
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.path = Path(directory.name, "notes.json")

    def test_what_is_saved_is_loaded(self):
        save(self.path, ["one"])
        self.assertEqual(load(self.path), ["one"])

    def test_no_file_is_no_notes(self):
        self.assertEqual(load(self.path), [])

    def test_lines_are_numbered(self):
        self.assertEqual(lines(["one", "two"]), ["1. one", "2. two"])

    def test_a_note_is_added(self):
        self.assertEqual(main(["add", "buy", "anvils"], self.path), "1. buy anvils")
