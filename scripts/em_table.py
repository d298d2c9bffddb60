"""The results table of EM: every row once per seed, mean, spread, and whether the orderings hold.

Each seed draws its own masks, so that the spread holds the choice of the masks too. Runs that are
finished are not repeated; an interrupted table continues where it stopped.
"""
import argparse
import json
import pathlib

import run_tables
from run_tables import cell, finished, override, table

import keras_weakseg as kw
from keras_weakseg.tasks.segmentation.protocol import Protocol

# (title, experiment) or (title, experiment, override, its short name)
ROWS = {
    "voc_animals": [
        ("EM-Fixed, image tags only", "em_fixed_voc_animals"),
        ("EM-Adapt, image tags only", "em_adapt_voc_animals"),
        ("50 masks alone", "supervised_50_voc_animals"),
        ("50 masks + tags (EM-Fixed)", "em_semi_50_voc_animals"),
        ("100 masks alone", "supervised_100_voc_animals"),
        ("100 masks + tags (EM-Fixed)", "em_semi_100_voc_animals"),
        ("200 masks alone", "supervised_200_voc_animals"),
        ("the same, with batches as large as those with tags", "supervised_200_voc_animals",
         "data.parts.0.batch_size=16", "supervised_200_voc_animals_batch_16"),
        ("200 masks + tags (EM-Fixed)", "em_semi_200_voc_animals"),
        ("all 437 masks", "supervised_voc_animals"),
        ("the same, without the background prior", "em_adapt_voc_animals",
         "network.background_prior=0.0", "em_adapt_voc_animals_zero_bias"),
    ],
    "voc_animals_boxes": [
        ("Bbox-Rect, boxes only", "bbox_rect_voc_animals"),
        ("Bbox-EM-Fixed, boxes only", "bbox_em_fixed_voc_animals"),
        ("Bbox-Seg, boxes only", "bbox_seg_voc_animals"),
        ("100 masks alone", "supervised_100_voc_animals_boxes"),
        ("100 masks + boxes (Bbox-Rect)", "bbox_rect_semi_100_voc_animals"),
        ("100 masks + boxes (Bbox-EM-Fixed)", "bbox_em_fixed_semi_100_voc_animals"),
        ("100 masks + boxes (Bbox-Seg)", "bbox_seg_semi_100_voc_animals"),
        ("all 437 masks", "supervised_voc_animals_boxes"),
    ],
    "scenes_boxes": [
        ("Bbox-Rect, boxes only", "bbox_rect_scenes"),
        ("Bbox-EM-Fixed, boxes only", "bbox_em_fixed_scenes"),
        ("Bbox-Seg, boxes only", "bbox_seg_scenes"),
    ],
    "scenes": [
        ("EM-Fixed, image tags only", "em_fixed_scenes"),
        ("EM-Adapt, image tags only", "em_adapt_scenes"),
        ("20 masks alone", "supervised_scenes"),
        ("20 masks + tags (EM-Fixed)", "em_semi_scenes"),
        ("all 400 masks", "supervised_all_scenes"),
    ],
    "joint_scenes": [
        ("20 masks of 6 classes alone", "supervised_scenes"),
        ("the same + all others in 4 grouped classes", "cross_joint_scenes"),
        ("the same, read by the literal slice", "cross_joint_scenes", "data.aggregation=slice",
         "cross_joint_scenes_slice"),
        ("all 400 masks of 6 classes", "supervised_all_scenes"),
    ],
    "joint_voc_animals": [
        ("50 masks alone", "supervised_50_voc_animals"),
        ("50 masks + 200 of COCO on one head", "cross_joint_50_voc_animals"),
    ],
}
# Classes whose own IoU is asked for, beside the mean.
CLASSES = {"joint_voc_animals": ["person"]}
# (better, worse): the orderings of Papandreou et al. 2015 that a table should show, and ours.
ORDERINGS = {
    "voc_animals": [
        ("em_adapt_voc_animals", "em_fixed_voc_animals"),
        ("em_adapt_voc_animals", "em_adapt_voc_animals_zero_bias"),
        *((f"em_semi_{n}_voc_animals", f"supervised_{n}_voc_animals") for n in (50, 100, 200)),
        ("em_semi_200_voc_animals", "supervised_200_voc_animals_batch_16"),
        ("supervised_100_voc_animals", "supervised_50_voc_animals"),
        ("supervised_200_voc_animals", "supervised_100_voc_animals"),
        ("supervised_voc_animals", "supervised_200_voc_animals"),
    ],
    "voc_animals_boxes": [
        ("bbox_seg_voc_animals", "bbox_rect_voc_animals"),
        ("bbox_em_fixed_voc_animals", "bbox_rect_voc_animals"),
        *((f"{method}_semi_100_voc_animals", f"{method}_voc_animals")
          for method in ("bbox_rect", "bbox_em_fixed", "bbox_seg")),
        *((f"{method}_semi_100_voc_animals", "supervised_100_voc_animals_boxes")
          for method in ("bbox_rect", "bbox_em_fixed", "bbox_seg")),
    ],
    "scenes_boxes": [
        ("bbox_seg_scenes", "bbox_rect_scenes"),
        ("bbox_em_fixed_scenes", "bbox_rect_scenes"),
    ],
    "scenes": [
        ("em_adapt_scenes", "em_fixed_scenes"),
        ("em_semi_scenes", "supervised_scenes"),
        ("supervised_all_scenes", "supervised_scenes"),
    ],
    "joint_scenes": [
        ("cross_joint_scenes", "supervised_scenes"),
        ("cross_joint_scenes_slice", "supervised_scenes"),
        ("cross_joint_scenes", "cross_joint_scenes_slice"),
        ("supervised_all_scenes", "cross_joint_scenes"),
    ],
    "joint_voc_animals": [
        ("cross_joint_50_voc_animals", "supervised_50_voc_animals"),
    ],
}


def measure(key, name, own, seeds, model_dir, data_dir):
  """Returns the results of one row, one per seed."""
  return [run_tables.train(key, name, own, seed, model_dir, data_dir) for seed in seeds]


def measure_with_crf(key, seeds, model_dir, crf, train=True):
  """Returns the results of a row's finished runs under a CRF, each evaluated once; None without."""
  results = []
  for seed in seeds:
    run = run_tables.run_dir(model_dir, key, seed)
    path = run / f"metrics_{Protocol(crf=crf).hash()}.json"
    if not path.exists() and not train:
      return None
    if not path.exists():
      metrics = kw.evaluate(str(run), protocol={"crf": crf}, progress=False)
      path.write_text(json.dumps(metrics))
      print(f"{key} seed {seed} with CRF: mIoU {100 * metrics['mean_iou']:.2f}", flush=True)
    results.append(json.loads(path.read_text()))
  return results


def class_table(rows, found, seeds, name):
  """Returns the table of the IoU of one class, as Markdown lines."""
  lines = run_tables.header(("trained from", f"IoU of {name}"), seeds)
  for title, *_, key in rows:
    # A class that is neither in the truth nor in the prediction has no IoU.
    values = [metrics["class_iou"][name] for metrics in found[key]]
    known = [value for value in values if value is not None]
    lines.append(f"| {title} | **{cell(known) if known else '-'}** | " + " | ".join(
        "-" if value is None else f"{100 * value:.1f}" for value in values) + " |")
  return lines


def crf_table(rows, found, refined):
  """Returns the table of what a CRF changes, as Markdown lines."""
  lines = ["| trained from | mIoU without | with CRF | difference, paired by seed |",
           "|---|---|---|---|"]
  for title, *_, key in rows:
    if refined[key]:
      before, after = ([metrics["mean_iou"] for metrics in side[key]] for side in (found, refined))
      lines.append(f"| {title} | {cell(before)} | **{cell(after)}** | "
                   f"{cell([b - a for a, b in zip(before, after)])} |")
  return lines


def orderings(pairs, found):
  """Returns one line per ordering: the paired differences over the seeds."""
  lines = ["| ordering | difference, paired by seed | holds |", "|---|---|---|"]
  for better, worse, gains in run_tables.gains(pairs, found):
    lines.append(f"| `{better}` > `{worse}` | {cell(gains)} | {run_tables.verdict(gains)} |")
  return lines


def main():
  """Trains what is missing and prints the table."""
  parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
  parser.add_argument("data", choices=sorted(ROWS))
  parser.add_argument("--data_dir", default=None)
  parser.add_argument("--model_dir", type=pathlib.Path, default=pathlib.Path("runs/em_table"))
  parser.add_argument("--finished", action="store_true",
                      help="print the rows that are finished, train nothing")
  parser.add_argument("--crf", default="", help="evaluate every run under this CRF too")
  parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3])
  arguments = parser.parse_args()
  rows = [(*row, "", row[1]) if len(row) == 2 else row for row in ROWS[arguments.data]]
  if arguments.finished:
    rows, found = finished(rows, arguments.seeds, arguments.model_dir)
  else:
    found = {key: measure(key, name, own, arguments.seeds, arguments.model_dir,
                          arguments.data_dir) for _, name, own, key in rows}
  if not found:
    print("Nothing is finished.")
    return
  print("\n" + run_tables.caption(f"em_table.py {arguments.data}", arguments.seeds,
                                  found[rows[0][3]][0]) + "\n")
  print("\n".join(table(rows, found, arguments.seeds)))
  print()
  print("\n".join(orderings(ORDERINGS[arguments.data], found)))
  for name in CLASSES.get(arguments.data, ()):
    print("\n" + "\n".join(class_table(rows, found, arguments.seeds, name)))
  if arguments.crf:
    print(f"\nThe same runs with the CRF `{arguments.crf}` (protocol "
          f"`{Protocol(crf=arguments.crf).hash()}`):\n")
    refined = {row[-1]: measure_with_crf(row[-1], arguments.seeds, arguments.model_dir,
                                         arguments.crf, not arguments.finished) for row in rows}
    print("\n".join(crf_table(rows, found, refined)))


if __name__ == "__main__":
  main()
