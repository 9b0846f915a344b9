"""Every recorded SMTP dialogue is spoken again, and provokes the errors that it claims."""

import pytest
from dialogues import FOLDER, Dialogue, Walk, read, settings_of, walk

from sandbox.app import Sandbox

FILES = sorted(FOLDER.rglob("*.smtp"))


def test_there_are_dialogues():
    assert len(FILES) >= 25


@pytest.mark.parametrize("path", FILES, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_dialogue(path):
    """The server says every line as written, and each claimed error is in the transcript, not forced."""
    dialogue, sessions = walk(path)
    natural = {refusal["error"] for session in sessions for refusal in session.refusals if not refusal["forced"]}
    assert dialogue.about, "the first line says what the dialogue shows"
    assert set(dialogue.proves) <= natural


def test_a_wrong_expectation_fails():
    """The walker notices a line that the server did not say."""
    dialogue = Dialogue(name="wrong", steps=[(1, "S", "220 somebody else")])
    with Sandbox(settings_of("")) as sandbox, pytest.raises(AssertionError, match="expected '220 somebody else'"):
        Walk(sandbox, dialogue).run()


def test_a_step_that_is_not_understood_is_named(tmp_path):
    path = tmp_path / "x.smtp"
    path.write_text("# shows nothing\nsing a song\n")
    with pytest.raises(ValueError, match=r"x\.smtp:2: 'sing a song' is no step"):
        read(path)
