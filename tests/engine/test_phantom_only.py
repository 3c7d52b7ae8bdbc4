"""A model whose header says that it knows phantoms alone is known as one."""

from phantom_model import write_phantom_model

from assistant.engines.process import Engine
from assistant.engines.protocol import Settings


def test_the_headers_word_is_a_fact_of_file_engine_and_answer(tmp_path, question, picture, finish):
    engine = Engine()
    model, projector = write_phantom_model(tmp_path)
    try:
        inspected = engine.inspect([model, projector])
        engine.choose(model, projector, Settings(threads=1))
        _text, done = finish(engine, question("Is there a nodule?", picture(1)))
        facts = engine.facts
    finally:
        engine.close()
    assert [file.is_phantom_only for file in inspected.files] == [True, False]
    assert (facts.model.name, facts.model.is_phantom_only) == ("Phantom demo model", True)
    assert not facts.model.is_stand_in
    assert done.provenance.is_phantom_only


def test_another_model_is_none(start, question, picture, finish):
    engine = start()
    _text, done = finish(engine, question("Is there a nodule?", picture(1)))
    assert not engine.facts.model.is_phantom_only
    assert not done.provenance.is_phantom_only
