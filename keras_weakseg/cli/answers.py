"""What commands print: the answer of a call for people, or as JSON."""
import os


def text(name, answer):
  """Returns the answer of a call as text.

  Args:
    name: of the call.
    answer: what it returned.

  Example:
    >>> text("metric_factor", 5.4321987), text("recipe_names", {"dual": "Trains."})
    ('factor: 5.4322', 'dual  Trains.')
  """
  if name in _TEXTS:
    return _TEXTS[name](answer)
  if hasattr(answer, "text"):
    return answer.text()
  if isinstance(answer, dict):
    return figures(answer)
  if isinstance(answer, (list, tuple)):
    return "\n".join(map(str, answer))
  return "" if answer is None else str(answer).rstrip("\n")


def plain(answer):
  """Returns an answer as JSON values."""
  if isinstance(answer, dict):
    return {str(key): plain(value) for key, value in answer.items()}
  if isinstance(answer, (list, tuple)):
    return [plain(value) for value in answer]
  if answer is None or isinstance(answer, (bool, int, float, str)):
    return answer
  kept = ("metrics", "model_dir", "until", "ok", "failures", "paths", "ids", "problems")
  found = {key: getattr(answer, key) for key in kept if hasattr(answer, key)}
  return str(answer) if isinstance(answer, os.PathLike) or not found else plain(found)


def figures(metrics):
  """Returns figures as lines; those of several seeds as mean and spread."""
  lines = []
  for name, value in metrics.items():
    if name in ("class_iou", "class_ap"):
      lines += [f"  {label:20} {_figure(figure)}" for label, figure in value.items()]
    elif isinstance(value, dict) and "spread" in value:
      lines.append(f"{name}: {value['mean']:.4f} +- {value['spread']:.4f} "
                   f"({len(value['values'])} seeds)")
    elif isinstance(value, (int, float, str)):
      lines.append(f"{name}: {_figure(value)}")
  return "\n".join(lines + [f"note: {note}" for note in metrics.get("notes", ())])


def motion(found):
  """Returns the errors of camera motion as text, beside those of trivial cameras."""
  rotation, still, translation, straight = (_figure(found[key]) for key in (
      "rotation", "rotation_identity", "translation", "translation_straight"))
  lines = [f"rotation: {rotation} degrees; without a turn {still}",
           f"translation: {translation} degrees; straight ahead {straight}"]
  if found["ate"] is not None:
    ate, spread, still, straight = (_figure(found[key]) for key in (
        "ate", "ate_spread", "ate_identity", "ate_straight"))
    lines.append(f"ate: {ate} +- {spread} over {found['snippets']} snippets; standing {still}, "
                 f"straight ahead {straight}")
  lines.append(f"{found['samples']} samples, {found['pairs']} pairs")
  return "\n".join([*lines, *(f"note: {note}" for note in found["notes"])])


def _run(result):
  if result is None:  # A dry run has printed the plan.
    return ""
  told = (f"stopped after the step '{result.until}'; without --until it goes on"
          if hasattr(result, "until") else figures(result.metrics))
  return f"{told}\nmodel_dir: {result.model_dir}"


def _crf(found):
  from keras_weakseg.tasks.segmentation import crf_search
  note = "note: the run has learned from these masks, so this CRF may be too weak for others\n"
  return (note if found["learned"] else "") + crf_search.report(found)


def _benchmark(report):
  files = [f"{kind}: {path}" for kind, path in report.paths.items()]
  # A dry run, without files, has printed what there is to do.
  return "\n".join([f"\n{report.text()}", *files]) if files else ""


def _experiments(names):
  from keras_weakseg.configs import registry
  return _named({name: registry.descriptions()[name] for name in names})


def _named(rows):
  width = max(map(len, rows), default=0)
  return "\n".join(f"{name:{width}}  {told}" for name, told in rows.items())


def _tags(tags):
  names = [name for names in tags.values() for name in names]
  rows = [f"  {name:20} {names.count(name)}" for name in sorted(set(names))]
  return "\n".join([*rows, f"{len(tags)} images with tags"])


def _label_rows(rows):
  return "\n".join(f"mIoU {100 * row['mean_iou']:5.2f}  alpha {row['alpha']:g}  {row['mode']}  "
                   f"{row['crf']}" for row in rows)


def _figure(value):
  if value is None or value != value:
    return "-"
  return f"{value:.4f}" if isinstance(value, float) else str(value)


_TEXTS = {
    "benchmark": _benchmark, "evaluate_poses": motion, "experiments": _experiments, "fit": _run,
    "metric_factor": lambda factor: f"factor: {factor:.6g}",
    "predict": lambda records: f"{len(records)} predicted",
    "prune": lambda result: f"model_dir: {result.model_dir}", "recipe_names": _named,
    "select": lambda record: "\n".join(record.ids) if record else "", "suites": _named,
    "tags_of_sentences": _tags, "tune_crf": _crf, "tune_label_maps": _label_rows}
