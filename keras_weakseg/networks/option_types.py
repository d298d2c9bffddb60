"""What options that several networks have may be: types with their checks, see `options`."""
from typing import Annotated, Tuple

from keras_weakseg.networks.backbones import depth_encoder
from keras_weakseg.networks.backbones import resnet
from keras_weakseg.networks.layers import batch_norm
from keras_weakseg.options import Filled, Length, OneOf, Range

BatchNorm = Annotated[str, OneOf(batch_norm.MODES)]
Encoder = Annotated[str, OneOf(tuple(depth_encoder.ENCODERS))]
EncoderStride = Annotated[int, OneOf((8, 16, 32))]
Layout = Annotated[str, OneOf(tuple(resnet.LAYOUTS))]
OutputStride = Annotated[int, OneOf((8, 16))]
# Widths of levels 0 (fine) to 4, and of levels 0 to 3 or none.
Channels = Annotated[Tuple[int, ...], Length(5), Range(1)]
SkipChannels = Annotated[Tuple[int, ...], Length(0, 4), Range(1)]
Rates = Annotated[Tuple[int, ...], Filled(), Range(1)]
