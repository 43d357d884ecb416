"""What `dissent init` may be told."""

import argparse
from pathlib import Path

from dissent.cli.init import first_experiment, flags, given_split, layout, network_file
from dissent.cli.settings import add_config_dir


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of `dissent init`."""
    parser.add_argument("folder", type=Path, help="folder that holds the images and the masks")
    parser.add_argument(
        "--images", default="images", metavar="DIR", help="folder of images below it, or a pattern (default: images)"
    )
    parser.add_argument(
        "--masks",
        default="masks",
        metavar="DIR",
        help="folder of masks below it, or a pattern for their names, as 'masks/{stem}_seg.png' (default: masks)",
    )
    parser.add_argument("--unlabelled", metavar="DIR", help="a further folder below it, of images without masks")
    parser.add_argument("--name", help="name of the data set and the experiment; default: the folder's")
    add_config_dir(parser, "folder of settings to write to")
    parser.add_argument(
        "--anew", action="store_true", help="a known name: put its settings aside and write new ones; val and test move"
    )
    parser.add_argument(
        "--leave-out",
        nargs="+",
        default=[],
        metavar="PATTERN",
        help="files there that are not used, e.g. '*_color.png'",
    )
    parser.add_argument(
        "--labelled",
        type=flags.share,
        metavar="SHARE",
        help="all, or the share of masks to learn from; the others are hidden (default: all, or 0.2 where every image has one)",
    )
    masks = parser.add_argument_group("what masks mean, where that is open")
    masks.add_argument("--kind", choices=["binary", "multiclass", "multilabel"], help="multilabel: labels overlap")
    masks.add_argument(
        "--labels", type=flags.names, metavar="A,B,...", help="names of the labels, in the order that is printed"
    )
    masks.add_argument(
        "--ignore", type=flags.value, nargs="+", metavar="VALUE", help="mean nobody knows: 255, or 224,224,192; none"
    )
    masks.add_argument(
        "--threshold", type=flags.threshold, metavar="N", help="blurred 0/255 masks: values from N on are 255"
    )
    masks.add_argument(
        "--tolerance",
        type=flags.tolerance,
        metavar="N",
        help="blurred colours: a colour within N of another is that one",
    )
    masks.add_argument(
        "--palette", choices=["numbers", "colours"], help="masks with palettes: whether the number or its colour counts"
    )
    masks.add_argument("--missing", choices=["empty"], help="folder per label: no file means that the label is nowhere")
    images = parser.add_argument_group("images")
    images.add_argument(
        "--size", type=int, nargs=2, metavar=("H", "W"), help="size for the network; default: up to 256"
    )
    images.add_argument("--geometry", choices=["whole", "tiles"], default="whole", help="tiles: cut, not resized")
    images.add_argument(
        "--exif",
        choices=["image", "both", "none"],
        help="turned by a tag: masks show images as turned, as stored; none is",
    )
    images.add_argument(
        "--on-size-mismatch", choices=["resize"], help="masks of another size are brought to that of their image"
    )
    images.add_argument(
        "--group",
        type=flags.pattern,
        metavar="REGEX",
        help="part of names that images of one source share: they stay together",
    )
    given_split.add_arguments(parser)
    network_file.add_arguments(parser)
    first_experiment.add_arguments(parser)
    layout.add_arguments(parser)
