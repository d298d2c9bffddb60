/* Asks an exported model with TensorFlow's C library, without Python.

   ask_artifact FOLDER OUT IMAGE...

   FOLDER is a version, such as saved_models/quickstart/1. The images go to `serving_default` as one
   request. PNGs in the answer (masks, depths) are written to OUT/<name of the image>.png; all else
   (class ids, names of tags) is printed, one line for each image and output. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tensorflow/c/c_api.h"

enum { MOST_OUTPUTS = 8, MOST_NAME = 256 };

static void stop(const char *what, const char *why) {
  fprintf(stderr, "%s: %s\n", what, why);
  exit(1);
}

static void check(const TF_Status *status, const char *what) {
  if (TF_GetCode(status) != TF_OK) stop(what, TF_Message(status));
}

/* Names of tensors: the SavedModel says them in a MetaGraphDef; these few fields of it are read. */

typedef struct { const char *data; size_t size; } Bytes;

static uint64_t varint(Bytes *rest) {
  uint64_t value = 0;
  for (int shift = 0; rest->size && shift < 64; shift += 7) {
    unsigned char byte = (unsigned char)*rest->data;
    rest->data++, rest->size--;
    value |= (uint64_t)(byte & 127) << shift;
    if (byte < 128) return value;
  }
  stop("MetaGraphDef", "it ends inside of a number");
  return 0;
}

/* Takes the next field of a message; returns its number, 0 at the end. */
static int next_field(Bytes *rest, Bytes *value) {
  if (!rest->size) return 0;
  uint64_t key = varint(rest);
  uint64_t size = 0;
  switch (key & 7) {
    case 0: varint(rest); break;
    case 1: size = 8; break;
    case 2: size = varint(rest); break;
    case 5: size = 4; break;
    default: stop("MetaGraphDef", "a field of an unknown kind");
  }
  if (size > rest->size) stop("MetaGraphDef", "it ends inside of a field");
  value->data = rest->data, value->size = (size_t)size;
  rest->data += size, rest->size -= (size_t)size;
  return (int)(key >> 3);
}

/* Finds a field of a message; an empty one if it is not there. */
static Bytes field(Bytes message, int number) {
  Bytes value;
  for (int found; (found = next_field(&message, &value));)
    if (found == number) return value;
  return (Bytes){"", 0};
}

static void copy(char *name, Bytes value) {
  if (value.size >= MOST_NAME) stop("MetaGraphDef", "a name is too long");
  memcpy(name, value.data, value.size);
  name[value.size] = 0;
}

/* A named input or output of a signature, and where it is in the graph. */
typedef struct { char name[MOST_NAME]; TF_Output place; } Tensor;

/* Reads the inputs (which = 1) or outputs (2) of a SignatureDef; returns how many there are. */
static int tensors(Bytes signature, int which, TF_Graph *graph, Tensor *found) {
  int count = 0;
  Bytes entry;
  for (int number; (number = next_field(&signature, &entry));) {
    if (number != which) continue;
    if (count == MOST_OUTPUTS) stop("signature", "too many inputs or outputs");
    char place[MOST_NAME];
    copy(found[count].name, field(entry, 1));
    copy(place, field(field(entry, 2), 1));
    char *colon = strrchr(place, ':');
    if (!colon) stop(place, "no name of a tensor");
    *colon = 0;
    found[count].place.oper = TF_GraphOperationByName(graph, place);
    found[count].place.index = atoi(colon + 1);
    if (!found[count].place.oper) stop(place, "not in the graph");
    count++;
  }
  return count;
}

static Bytes signature_of(const TF_Buffer *meta_graph, const char *name) {
  Bytes rest = {meta_graph->data, meta_graph->length}, entry;
  for (int number; (number = next_field(&rest, &entry));) {
    Bytes key = field(entry, 1);
    if (number == 5 && key.size == strlen(name) && !memcmp(key.data, name, key.size))
      return field(entry, 2);
  }
  stop(name, "the model has no such signature");
  return entry;
}

/* Files in, files out. */

static void read_into(TF_TString *string, const char *path) {
  FILE *file = fopen(path, "rb");
  if (!file || fseek(file, 0, SEEK_END)) stop(path, "cannot be read");
  long size = ftell(file);
  rewind(file);
  char *content = malloc(size > 0 ? (size_t)size : 1);
  if (size < 0 || !content || fread(content, 1, (size_t)size, file) != (size_t)size)
    stop(path, "cannot be read");
  fclose(file);
  TF_StringInit(string);
  TF_StringCopy(string, content, (size_t)size);
  free(content);
}

static void write_png(const char *folder, const char *image, const TF_TString *png) {
  const char *slash = strrchr(image, '/');
  char path[4096];
  int length = snprintf(path, sizeof path, "%s/%s.png", folder, slash ? slash + 1 : image);
  FILE *file = length < (int)sizeof path ? fopen(path, "wb") : NULL;
  size_t size = TF_StringGetSize(png);
  if (!file || fwrite(TF_StringGetDataPointer(png), 1, size, file) != size || fclose(file))
    stop(path, "cannot be written");
}

/* Says what an output holds for one image. */
static void answer(const char *name, const TF_Tensor *tensor, int row, const char *folder,
                   const char *image) {
  size_t count = 1;
  for (int axis = 1; axis < TF_NumDims(tensor); axis++) count *= (size_t)TF_Dim(tensor, axis);
  const size_t first = (size_t)row * count, ending = strlen(name) - strlen("_bytes");
  const void *values = TF_TensorData(tensor);
  if (strlen(name) > strlen("_bytes") && !strcmp(name + ending, "_bytes")) {
    write_png(folder, image, (const TF_TString *)values + row);
    return;
  }
  printf("%s %s", image, name);
  for (size_t index = first; index < first + count; index++) {
    const TF_TString *text = (const TF_TString *)values + index;
    switch (TF_TensorType(tensor)) {
      case TF_STRING:
        printf(" %.*s", (int)TF_StringGetSize(text), TF_StringGetDataPointer(text));
        break;
      case TF_INT32: printf(" %d", ((const int32_t *)values)[index]); break;
      case TF_FLOAT: printf(" %.9g", ((const float *)values)[index]); break;
      default: stop(name, "an output of another type than was expected");
    }
  }
  printf("\n");
}

int main(int argc, char **argv) {
  if (argc < 4) stop("usage", "ask_artifact FOLDER OUT IMAGE...");
  const int count = argc - 3;
  const char *folder = argv[2], *const tags[] = {"serve"};
  char **images = argv + 3;

  TF_Status *status = TF_NewStatus();
  TF_Graph *graph = TF_NewGraph();
  TF_SessionOptions *options = TF_NewSessionOptions();
  TF_Buffer *meta_graph = TF_NewBuffer();
  TF_Session *session = TF_LoadSessionFromSavedModel(
      options, NULL, argv[1], tags, 1, graph, meta_graph, status);
  check(status, argv[1]);
  Bytes signature = signature_of(meta_graph, "serving_default");
  Tensor input[MOST_OUTPUTS], output[MOST_OUTPUTS];
  if (tensors(signature, 1, graph, input) != 1) stop("serving_default", "more than one input");
  const int outputs = tensors(signature, 2, graph, output);

  const int64_t shape[] = {count};
  TF_Tensor *bytes = TF_AllocateTensor(TF_STRING, shape, 1, (size_t)count * sizeof(TF_TString));
  for (int row = 0; row < count; row++)
    read_into((TF_TString *)TF_TensorData(bytes) + row, images[row]);

  TF_Output places[MOST_OUTPUTS];
  TF_Tensor *answers[MOST_OUTPUTS] = {NULL};
  for (int index = 0; index < outputs; index++) places[index] = output[index].place;
  TF_SessionRun(session, NULL, &input[0].place, &bytes, 1, places, answers, outputs, NULL, 0, NULL,
                status);
  check(status, "serving_default");
  for (int row = 0; row < count; row++)
    for (int index = 0; index < outputs; index++)
      answer(output[index].name, answers[index], row, folder, images[row]);

  for (int index = 0; index < outputs; index++) TF_DeleteTensor(answers[index]);
  TF_DeleteTensor(bytes);
  TF_CloseSession(session, status);
  TF_DeleteSession(session, status);
  TF_DeleteBuffer(meta_graph);
  TF_DeleteSessionOptions(options);
  TF_DeleteGraph(graph);
  TF_DeleteStatus(status);
  return 0;
}
