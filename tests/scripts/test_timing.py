"""Rounds of contenders: in both directions, each with one call that does not count."""
import timing


def test_contenders_take_turns_and_the_first_call_does_not_count(monkeypatch):
  clock, calls = [0.0], []
  monkeypatch.setattr(timing.time, "perf_counter", lambda: clock[0])

  def contender(name, seconds):
    def run():
      calls.append(name)
      clock[0] += 100 if calls[-2:-1] != [name] else seconds
      return {"a": [1.0]}
    return run

  found = timing.measure({"a": contender("a", 1), "b": contender("b", 3)}, rounds=2, steps=2)
  assert "".join(calls) == "aaabbbbbbaaa"
  assert found["a"].tolist() == [1, 1] and found["b"].tolist() == [3, 3]
