"""Label spaces of people, their clothes and rooms: LIP, Clothing Co-Parsing, NYUv2."""
from keras_weakseg.datasets import labels

LIP = labels.LabelSpace("LIP", (
    "background", "hat", "hair", "glove", "sunglasses", "upper-clothes", "dress", "coat", "socks",
    "pants", "jumpsuits", "scarf", "skirt", "face", "left-arm", "right-arm", "left-leg",
    "right-leg", "left-shoe", "right-shoe"), labels.voc_palette(20))
# Left and right are those of the person, whom a mirror shows with the other arm.
LIP_SWAPS = (("left-arm", "right-arm"), ("left-leg", "right-leg"), ("left-shoe", "right-shoe"))

CCP = labels.LabelSpace("Clothing Co-Parsing", (
    "background", "accessories", "bag", "belt", "blazer", "blouse", "bodysuit", "boots", "bra",
    "bracelet", "cape", "cardigan", "clogs", "coat", "dress", "earrings", "flats", "glasses",
    "gloves", "hair", "hat", "heels", "hoodie", "intimate", "jacket", "jeans", "jumper", "leggings",
    "loafers", "necklace", "panties", "pants", "pumps", "purse", "ring", "romper", "sandals",
    "scarf", "shirt", "shoes", "shorts", "skin", "skirt", "sneakers", "socks", "stockings", "suit",
    "sunglasses", "sweater", "sweatshirt", "swimwear", "t-shirt", "tie", "tights", "top", "vest",
    "wallet", "watch", "wedges"), labels.voc_palette(59))
CCP_NULL = "null"  # what the files call the background

# The 40 classes of Gupta et al. (CVPR 2013), in their order; in files they count from 1.
NYU40 = labels.LabelSpace("NYUv2, 40 classes", (
    "wall", "floor", "cabinet", "bed", "chair", "sofa", "table", "door", "window", "bookshelf",
    "picture", "counter", "blinds", "desk", "shelves", "curtain", "dresser", "pillow", "mirror",
    "floor mat", "clothes", "ceiling", "books", "refrigerator", "television", "paper", "towel",
    "shower curtain", "box", "whiteboard", "person", "night stand", "toilet", "sink", "lamp",
    "bathtub", "bag", "otherstructure", "otherfurniture", "otherprop"), labels.voc_palette(41)[1:],
    background=False)
